"""A Keycloak as a process of its own, on loopback and a free port, in a home that is thrown away."""

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

import httpx2

SCRIPTS = Path(__file__).resolve().parent.parent.parent / "scripts"
# With another jar in providers/ it builds itself first.
SECONDS_TO_START = 240
ADMINISTRATOR = {"username": "admin", "password": "admin"}


class Keycloak:
    """Runs in ``home``, which ``make_home`` has made, at ``url``; it comes back at the same one."""

    def __init__(self, home: Path):
        self.home = home
        self.log = home / "server.log"
        self._process: subprocess.Popen | None = None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        # start-dev listens on loopback alone; start would open its cluster's ports to others.
        command = [self.home / "bin/kc.sh", "start-dev", "--http-host=127.0.0.1", f"--http-port={self._port}"]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("KC_")} | {
            "JAVA_OPTS_APPEND": "-XX:TieredStopAtLevel=1",
            "KC_BOOTSTRAP_ADMIN_USERNAME": ADMINISTRATOR["username"],
            "KC_BOOTSTRAP_ADMIN_PASSWORD": ADMINISTRATOR["password"],
        }
        with self.log.open("a") as log:
            self._process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
        end = time.monotonic() + SECONDS_TO_START
        while not self._answers():
            assert self._process.poll() is None, f"Keycloak ended at once:\n{self._end_of_log()}"
            assert time.monotonic() < end, f"Keycloak does not answer:\n{self._end_of_log()}"
            time.sleep(0.2)

    def stop(self) -> None:
        """Let it end in peace; end what is left of it in any case."""
        self._end(signal.SIGTERM, seconds=30)

    def kill(self) -> None:
        """End it as a power cut would."""
        self._end(signal.SIGKILL, seconds=10)

    def _end(self, how: signal.Signals, *, seconds: float) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        # kc.sh and the server below it are one group, which nobody else is in.
        try:
            os.killpg(process.pid, how)
            process.wait(seconds)
        except ProcessLookupError:
            process.wait()
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def _answers(self) -> bool:
        try:
            return httpx2.get(f"{self.url}/realms/master", timeout=10).status_code == 200
        except httpx2.TransportError:
            return False

    def _end_of_log(self) -> str:
        return "\n".join(self.log.read_text().splitlines()[-30:])


def make_home(folder: Path) -> Path:
    """Make a Keycloak home in ``folder``, with an administrator but without a realm of its own."""
    subprocess.run([SCRIPTS / "keycloak-home", folder], check=True, stdout=subprocess.DEVNULL)
    return folder
