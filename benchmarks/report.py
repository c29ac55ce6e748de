"""Results as Markdown, JSON and a picture."""

import json
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import plot
from benchmarks.goals import Verdict


@dataclass
class Report:
    """Collects what each part found; ``write`` leaves ``results.md``, ``results.json`` and ``*.svg`` in a folder."""

    heading: list[str]
    sections: list[str] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)
    pictures: dict[str, str] = field(default_factory=dict)

    def table(self, title: str, head: list[str], rows: Iterable[Iterable[Any]], remark: str = "") -> None:
        """Add a table with a line about it."""
        lines = [f"### {title}", "", *([remark, ""] if remark else []), row(head), "|" + "---|" * len(head)]
        self.sections.append("\n".join([*lines, *map(row, rows), ""]))

    def ratio_table(self, title: str, compared: dict[str, dict[str, Any]], one: str, other: str) -> None:
        self.table(
            title,
            ["operation", f"{one}, a second", f"{other}, a second", "ratio", "spread", "ratio of CPU"],
            [
                [
                    name,
                    *(f"{each[server]:,.1f}" for server in (one, other)),
                    f"{each['ratio']:.2f}",
                    f"{each['lowest']:.2f} – {each['highest']:.2f}",
                    f"{each['cpu_ratio']:.2f}",
                ]
                for name, each in compared.items()
            ],
            "Medians of all rounds; the ratio is the median of the rounds' ratios. The ratio of CPU compares what one "
            "operation takes of server and PostgreSQL: what else the machine does hardly moves it.",
        )
        self.pictures[f"{one}-{other}"] = plot.bars(title, {name: each["ratio"] for name, each in compared.items()})

    def markdown(self) -> str:
        judged = ["### Goals", "", row(["figure", "measured", "goal", ""]), "|---|---|---|---|"]
        judged += [row(verdict.cells()) for verdict in self.verdicts]
        return "\n".join(["\n\n".join(self.heading), "", *self.sections, *(judged if self.verdicts else []), ""])

    def write(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "results.md").write_text(self.markdown())
        document = {
            "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "about": self.heading,
            "figures": self.figures,
            "goals": [{**verdict._asdict(), "met": verdict.met} for verdict in self.verdicts],
        }
        (folder / "results.json").write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
        for name, picture in self.pictures.items():
            (folder / f"{name}.svg").write_text(picture)


def row(cells: Iterable[Any]) -> str:
    return f"| {' | '.join(str(cell) for cell in cells)} |"
