"""How somebody works a page: by pointing at things, or by the keyboard alone."""

from typing import Final

from playwright.sync_api import Locator

_HAVE_FOCUS: Final = "(found) => found.includes(document.activeElement)"
_MOST_STEPS: Final = 150


class Pointer:
    """As with a mouse or a finger."""

    def press(self, what: Locator) -> None:
        """Follow a link, push a button, open what is folded; where that leads to another page, it is there."""
        what.wait_for()
        if what.evaluate("(one) => one.closest('summary') !== null"):
            what.click()
        else:
            with what.page.expect_navigation():
                what.click()

    def write(self, what: Locator, text: str) -> None:
        """Write into a field."""
        what.fill(text)

    def check(self, what: Locator) -> None:
        """Choose one of several."""
        what.check()

    def select(self, what: Locator, *, label: str) -> None:
        """Choose from a list."""
        what.select_option(label=label)


class Keyboard(Pointer):
    """Tab to it, and then the keys that everybody knows."""

    def press(self, what: Locator) -> None:
        """By Enter; what is folded stays on its page."""
        self._reach(what)
        page = what.page
        if page.evaluate("document.activeElement.tagName") == "SUMMARY":
            page.keyboard.press("Enter")
        else:
            with page.expect_navigation():
                page.keyboard.press("Enter")

    def write(self, what: Locator, text: str) -> None:
        """Over what is there; a time part by part, as its field takes it."""
        self._reach(what)
        keyboard = what.page.keyboard
        if what.get_attribute("type") == "datetime-local":
            day, _, clock = text.partition("T")
            year, month, of_month = day.split("-")
            keyboard.type(f"{month}{of_month}{year}")
            keyboard.press("ArrowRight")
            hour = int(clock[:2])
            keyboard.type(f"{hour % 12 or 12:02}{clock[3:5]}{'AM' if hour < 12 else 'PM'}")
        else:
            keyboard.press("Control+A")
            keyboard.type(text)

    def check(self, what: Locator) -> None:
        """A group of choices is one stop: arrows go from one to the next."""
        page = what.page
        group = page.locator(f"input[name='{what.get_attribute('name')}']")
        self._reach(group)
        for _ in range(group.count()):
            if what.is_checked():
                return
            page.keyboard.press("ArrowDown")
        assert what.is_checked()

    def select(self, what: Locator, *, label: str) -> None:
        """From the first one down to it."""
        self._reach(what)
        what.page.keyboard.press("Home")
        for _ in range(what.locator("option").count()):
            if what.locator("option:checked").inner_text() == label:
                return
            what.page.keyboard.press("ArrowDown")
        raise AssertionError(f"{label} is not come to by the keyboard")

    def _reach(self, what: Locator) -> None:
        """Tab until it, or one of them, has the focus, from where one is; it has to show that it has it."""
        what.first.wait_for()
        for _ in range(_MOST_STEPS):
            if what.evaluate_all(_HAVE_FOCUS):
                outline = what.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
                assert outline != "none", f"nothing shows that {what} has the focus"
                return
            what.page.keyboard.press("Tab")
        raise AssertionError(f"{what} is not reached by the keyboard")
