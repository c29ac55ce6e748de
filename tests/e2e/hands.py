"""Two ways to use a page: by keyboard alone, and by mouse."""

from playwright.sync_api import Page, expect

# As many stops as a long page may have before something is called unreachable.
STOPS = 150
FOCUSED = """() => {
  const e = document.activeElement;
  const name = e.getAttribute("aria-label") || (e.labels?.length ? e.labels[0].textContent : e.textContent);
  return name.replace(/\\s+/g, " ").trim();
}"""


class Keyboard:
    """Nothing but Tab, Enter, Space, arrows and letters."""

    def __init__(self, page: Page):
        self.page = page

    def press(self, name: str, *, stays: bool = False) -> None:
        """Follow a link or press a button; ``stays``: it leads to no other page."""
        self._reach(name)
        if stays:
            self.page.keyboard.press("Enter")
        else:
            with self.page.expect_navigation():
                self.page.keyboard.press("Enter")

    def write(self, label: str, text: str) -> None:
        self._reach(label)
        self.page.keyboard.press("ControlOrMeta+a")
        self.page.keyboard.type(text)

    def choose(self, label: str, option: str) -> None:
        """Choose from a list by typing the beginning of an option."""
        self._reach(label)
        self.page.keyboard.type(option)

    def pick(self, name: str) -> None:
        """Pick one of several radio buttons, which Tab enters and arrows walk."""
        radios = self.page.get_by_role("radio")
        for _ in range(STOPS):
            self.page.keyboard.press("Tab")
            if self.page.evaluate("document.activeElement.type") == "radio":
                break
        for _ in range(radios.count()):
            if self.page.evaluate(FOCUSED).startswith(name):
                self.page.keyboard.press("Space")
                return
            self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"No arrow reaches '{name}'.")

    def _reach(self, name: str) -> None:
        for _ in range(STOPS):
            self.page.keyboard.press("Tab")
            if self.page.evaluate(FOCUSED) == name:
                return
        raise AssertionError(f"Tab does not reach '{name}' on {self.page.url}.")


class Mouse:
    """Clicks, and typing into what was clicked."""

    def __init__(self, page: Page):
        self.page = page

    def press(self, name: str, *, stays: bool = False) -> None:
        button = self.page.get_by_role("button", name=name, exact=True)
        link = self.page.get_by_role("link", name=name, exact=True)
        if stays:
            button.click()
        else:
            with self.page.expect_navigation():
                button.or_(link).first.click()

    def write(self, label: str, text: str) -> None:
        field = self.page.get_by_label(label, exact=True)
        field.click()
        field.fill(text)

    def choose(self, label: str, option: str) -> None:
        self.page.get_by_label(label, exact=True).select_option(label=option)

    def pick(self, name: str) -> None:
        choice = self.page.get_by_role("radio", name=name)
        choice.check()
        expect(choice).to_be_checked()
