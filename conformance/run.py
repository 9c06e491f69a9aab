"""Hold a running usher against foreign SCIM programs.

usage: python run.py PATH-TO-USHER

Starts `usher serve` on a temporary data directory with examples/acme, creates a token for one connection, and points
scim2-tester (through `scim test`) and the round trip of roundtrip.py at it. Exits 1 when a check fails that
contradictions.txt does not explain.
"""

import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parent
CONNECTION = "acme-entra"
READY_WITHIN = 15  # seconds
RESULT = re.compile(r"^(SUCCESS|COMPLIANT|ACCEPTABLE|DEVIATION|ERROR|CRITICAL|SKIPPED) (.*)$")
PASSING = {"SUCCESS", "COMPLIANT", "ACCEPTABLE"}


def free_address() -> str:
    """An address of this machine on which nobody listens at the moment."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return "127.0.0.1:%d" % s.getsockname()[1]


def wait_until_ready(url: str, process: subprocess.Popen) -> None:
    deadline = time.monotonic() + READY_WITHIN
    while time.monotonic() < deadline:
        if process.poll() is not None:
            sys.exit(f"usher ended with status {process.returncode} before it was ready")
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            pass
        time.sleep(0.1)
    sys.exit(f"usher was not ready within {READY_WITHIN} seconds")


def contradictions() -> dict[tuple[str, str], str]:
    """The checks that may fail, by title and first line of the reason, with the section that they contradict."""
    known = {}
    for line in (HERE / "contradictions.txt").read_text().splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        title, reason, section, why = (part.strip() for part in line.split("|", 3))
        known[title, reason] = f"{section}: {why}"
    return known


def judge(output: str) -> tuple[int, list[list[str]]]:
    """The number of checks that passed, and the lines of each that did not."""
    passed, failed, current = 0, [], None
    for line in output.splitlines():
        found = RESULT.match(line)
        if not found:
            if current is not None:
                current.append(line)
        elif found.group(1) in PASSING:
            passed, current = passed + 1, None
        else:
            current = [line]
            failed.append(current)
    return passed, failed


def scim_test(base: str, token: str) -> bool:
    """Run `scim test` and judge every check that it makes."""
    print("== scim2-tester, by `scim test`")
    scim = pathlib.Path(sys.executable).parent / "scim"
    environment = os.environ | {"SCIM_CLI_URL": base, "SCIM_CLI_HEADERS": f"Authorization: Bearer {token}"}
    run = subprocess.run(
        [scim, "test", "--verbose"], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=600
    )
    passed, failed = judge(run.stdout)
    known = contradictions()
    unexplained, explained = [], set()
    for lines in failed:
        key = RESULT.match(lines[0]).group(2), lines[1].strip() if len(lines) > 1 else ""
        if key in known:
            explained.add(key)
            print(f"left failing: {key[0]} ({key[1]}), which contradicts {known[key]}")
        else:
            unexplained.append(lines)
    for lines in unexplained:
        print("\n".join(lines))
    stale = sorted(set(known) - explained)
    for title, reason in stale:
        print(f"contradictions.txt explains {title} ({reason}), which does not fail: take it out")
    if not passed:
        print(run.stdout)
    print(f"{passed} checks passed, {len(failed) - len(unexplained)} are explained, {len(unexplained)} failed")
    return passed > 0 and not unexplained and not stale


def round_trip(base: str, token: str) -> bool:
    print("== a round trip by scim2-client")
    environment = os.environ | {"SCIM_URL": base, "SCIM_TOKEN": token}
    return subprocess.run([sys.executable, HERE / "roundtrip.py"], env=environment, stdin=subprocess.DEVNULL, timeout=120).returncode == 0


def main() -> int:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    usher = str(pathlib.Path(sys.argv[1]).resolve())
    address = free_address()
    with tempfile.TemporaryDirectory(prefix="usher-conformance-") as data:
        log = open(pathlib.Path(data) / "serve.log", "w+")
        serve = [usher, "serve", "--config", str(ROOT / "examples/acme/usher.yaml"), "--data", data, "--listen", address]
        process = subprocess.Popen(serve, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        good = False
        try:
            wait_until_ready(f"http://{address}/readyz", process)
            create = [usher, "token", "create", "--data", data, "--connection", CONNECTION, "--json"]
            token = json.loads(subprocess.run(create, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True, text=True).stdout)["token"]
            base = f"http://{address}/scim/v2/{CONNECTION}"
            results = [scim_test(base, token), round_trip(base, token)]
            good = all(results)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(30)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
                    good = False
                    print("usher did not stop within 30 seconds")
            if not good:
                log.seek(0)
                print("== usher's log, without what went well")
                print("".join(line for line in log if "level=INFO" not in line))
            log.close()
    print("conformance:", "passed" if good else "FAILED")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
