"""Finds a Chromium-like browser for the page tests; ``python -m tests.browser`` also installs one if it can."""

import os
import shutil
import subprocess
import sys

from playwright.sync_api import sync_playwright

NAMES = "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"
FLAGS = [
    "--no-sandbox",  # Chromium refuses to run as root with its sandbox; it sees only the pages of this book
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
REQUIRED = os.environ.get("CI") == "true"


def runs(path: str) -> bool:
    """Whether a program starts; a download may lack system libraries, a packaged name may be an empty shell."""
    try:
        return subprocess.run([path, "--version"], capture_output=True, timeout=60).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def find() -> str | None:
    """Path of a browser on the PATH or of playwright's own download; None if there is neither."""
    with sync_playwright() as playwright:
        paths = [*map(shutil.which, NAMES), playwright.chromium.executable_path]
    return next((path for path in paths if path and runs(path)), None)


def commands() -> list[list[str]]:
    """Ways to install a browser, in the order in which they are tried."""
    ways = [[sys.executable, "-m", "playwright", "install", "chromium"]]
    if shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0:
        ways += [["apt-get", "update"], ["apt-get", "install", "--yes", "--no-install-recommends", "chromium"]]
    return ways


def main() -> int:
    if path := find():
        print(f"Browser for the page tests: {path}")
        return 0
    for command in commands():
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if done.returncode == 0 and (path := find()):
            print(f"Browser for the page tests: {path}, installed by `{' '.join(command)}`")
            return 0
    outcome = "with CI=true this is a failure" if REQUIRED else "the page tests will be skipped"
    print(f"Browser for the page tests: none found among {', '.join(NAMES)}, and none could be installed; {outcome}")
    return int(REQUIRED)


if __name__ == "__main__":
    sys.exit(main())
