"""`diagnose ask` as a person meets it: with and without a terminal, broken off, killed, taken up again, in German."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from diagnose.console import Lines, Terminal, console

MAIN = "import sys; from diagnose.cli import main; sys.argv[0] = 'diagnose'; main()"
ANSWERS = {
    "electrolyte": "Li6PS5Cl",
    "electrode_role": "anode",
    "resistance_level": "high",
    "electrode": "Li",
    "trend_at_rest": "stable",
    "coating": "none",
    "trend_on_cycling": "growing",
    "cell_type": "symmetric",
    "current_density_mA_cm2": "0.5",
    "stack_pressure_MPa": "2 ± 0.1 MPa",
    "strip_plate_ratio": "2.1",
}
FIELD = re.compile(r"\[([A-Za-z0-9_]+)(?:, [^\]]*)?\]\n")


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def script(*lines: str) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


START = ("Li6PS5Cl", "anode", "high", "unknown", "Li")
GOT_WORSE = ("trend_at_rest = stable", "coating = none", "trend_on_cycling = growing")


# --- without a terminal


def test_a_script_is_led_to_the_cause(command: Callable[..., Any], place: Path) -> None:
    """Answers from a pipe are shown as they are read, the causes after each, and at the end the whole diagnosis."""
    done = command("ask", stdin=script(*START, *GOT_WORSE, "stop"))
    assert done.code == 0
    assert "> Li6PS5Cl\n" in done.out
    assert "1. Which solid electrolyte touches the electrode?" in done.out
    assert re.search(r"1\. 0\.\d\d  Voids left by stripping", done.out)
    assert "Li | Li6PS5Cl" in done.out
    assert "What was asked" in done.out
    assert "not asked:" in done.out
    assert done.err == ""


def test_everything_may_be_typed_at_a_prompt(command: Callable[..., Any]) -> None:
    """Help, reasons, the standing, what-if and tests are answered without leaving the question."""
    asked = (
        "?",
        "why",
        "so far",
        "why voids",
        "why not soft-short",
        "how stack_pressure_MPa",
        "what if strip_plate_ratio=2",
    )
    answers = (*START, "unknown", "unknown", "trend_on_cycling = growing", *asked, "tests", "stop")
    done = command("ask", "--no-save", stdin=script(*answers))
    assert done.code == 0
    assert "what keeps a cause from standing higher" in done.out
    assert " bit: its answers move " in done.out
    assert re.search(r"   unknown: pressure_response, \w+, \w+\n", done.out)
    assert "Why: Voids left by stripping (stripping-voids)" in done.out
    assert "Would speak for it, if it were known" in done.out
    assert "Its answers lead to" in done.out or "the first cause stays the same" in done.out
    assert "FAULTY" in done.out
    assert "Needs: " in done.out


def test_what_cannot_be_is_told_and_asked_again(command: Callable[..., Any]) -> None:
    """A wrong answer, an empty line and an unknown command leave the question where it is."""
    done = command("ask", "--no-save", stdin=script("Li6PS5Cl", "left", "", "why not greed", "anode", "stop"))
    assert "'left' is not one of its choices" in done.out
    assert "Type an answer, unknown, or ? for help." in done.out
    assert "First the electrolyte and the role of the electrode" in done.out
    assert "3. " in done.out
    assert done.code == 0


def test_back_drop_and_volunteered_facts(command: Callable[..., Any], place: Path) -> None:
    """A step back takes an answer away; anything else that is known may be told at any prompt."""
    lines = (
        *START,
        "trend_at_rest = growing",
        "back",
        "trend_at_rest = stable",
        "strip_plate_ratio = 2.1",
        "cycles_done: 4",
        "drop cycles_done",
        "stop",
    )
    command("ask", "--save", "s.yaml", stdin=script(*lines))
    kept = yaml.safe_load((place / "s.yaml").read_text())
    assert kept["trend_at_rest"] == "stable"
    assert kept["strip_plate_ratio"] == 2.1
    assert "cycles_done" not in kept
    assert "strip_plate_ratio" not in kept["session"]


def test_unknown_not_applicable_and_not_asked_stay_apart(command: Callable[..., Any], place: Path) -> None:
    """The file and the JSON report tell them apart."""
    lines = (*START, "n/a", "stop")
    assert command("ask", "-o", "out.json", stdin=script(*lines)).code == 0
    found = json.loads((place / "out.json").read_text())
    states = found["asked"]
    assert (states["electrolyte"], states["pressure_response"]) == ("answered", "unknown")
    assert list(states.values())[-1] == "not applicable"
    assert "strip_plate_ratio" not in states


def test_without_an_electrolyte_there_is_nothing_to_diagnose(command: Callable[..., Any]) -> None:
    """Neither the electrolyte nor its family: the program says that it cannot go on."""
    done = command("ask", "--no-save", stdin=script("unknown", "unknown"))
    assert done.code == 0
    assert "Without electrolyte_family there is no case" in done.out


def test_a_new_material_leads_to_its_family(command: Callable[..., Any]) -> None:
    """An electrolyte that is not known is told, with the nearest, and its family is asked for."""
    done = command("ask", "--no-save", stdin=script("Li6PS5Br-x", "sulfide", "anode", "stop"))
    assert "is not in the knowledge base" in done.out or "family" in done.out
    assert done.code == 0


# --- files


def test_a_session_is_a_case_file(command: Callable[..., Any], place: Path) -> None:
    """`diagnose run` reads what was kept, and says the same."""
    asked = command("ask", stdin=script(*START, *GOT_WORSE, "stop"))
    run = command("run", "diagnose-session.yaml")
    assert run.code == 0
    assert run.out.splitlines()[0] in asked.out


def test_a_session_goes_on_where_it_ended(command: Callable[..., Any]) -> None:
    """The questions of two sittings are those of one."""
    lines = (*START, "unknown", "stable", "unknown", "unknown", "unknown")
    whole = command("ask", "--no-save", stdin=script(*lines))
    command("ask", "--save", "s.yaml", stdin=script(*lines[:5]))
    rest = command("ask", "s.yaml", stdin=script(*lines[5:]))
    assert FIELD.findall(whole.out)[5:] == FIELD.findall(rest.out)


def test_a_case_file_is_a_start_and_stays_as_it_is(command: Callable[..., Any], place: Path) -> None:
    """What it holds is not asked; answers go to a file of their own."""
    text = "# mine\nelectrolyte: Li6PS5Cl\nelectrode: Li\nelectrode_role: anode\n"
    (place / "cell.yaml").write_text(text)
    done = command("ask", "cell.yaml", stdin=script("high", "stop"))
    assert "[electrode]" not in done.out
    assert (place / "cell.yaml").read_text() == text
    assert yaml.safe_load((place / "diagnose-session.yaml").read_text())["resistance_level"] == "high"


def test_nothing_is_overwritten(command: Callable[..., Any], place: Path) -> None:
    """A file that exists is neither a place to save nor one for the report; sessions count on."""
    (place / "s.yaml").write_text("electrolyte: LLZO\n")
    (place / "r.html").write_text("mine")
    (place / "diagnose-session.yaml").write_text("session: {}\n")
    assert command("ask", "--save", "s.yaml").code == 2
    assert command("ask", "-o", "r.html").code == 2
    assert command("ask", "-o", "r.pdf").code == 2
    done = command("ask", stdin=script("LLZO", "save s.yaml", "stop"))
    assert "s.yaml exists already" in done.out
    assert (place / "s.yaml").read_text() == "electrolyte: LLZO\n"
    assert "diagnose-session-2.yaml" in done.out


def test_a_session_with_mistakes_is_told_with_its_places(command: Callable[..., Any], place: Path) -> None:
    """Wrong words and fields in a session have a line and a column."""
    (place / "s.yaml").write_text(
        "electrolyte: LLZO\nelectrode_role: anode\nsession:\n  coating: perhaps\n  coting: unknown\n"
    )
    for name in ("run", "ask"):
        done = command(name, "s.yaml")
        assert done.code == 1
        assert "s.yaml:4:" in done.err
        assert "s.yaml:5:" in done.err
        assert "Did you mean coating" in done.err


def test_a_folder_that_cannot_be_written_does_not_stop_the_questions(
    command: Callable[..., Any], place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Answers that cannot be kept are told once, and the questions go on."""
    done = command("ask", "--save", "none/s.yaml", stdin=script(*START, "stop"))
    assert done.code == 0
    assert done.out.count("cannot be written") == 1
    assert "4. " in done.out


# --- with a terminal


def test_a_terminal_completes_and_answers(tmp_path: Path) -> None:
    """With prompt_toolkit, words are completed by the tab key and lines are read to the end of the input."""
    from prompt_toolkit.input import create_pipe_input
    from prompt_toolkit.output import DummyOutput

    told: list[str] = []
    with create_pipe_input() as keys:
        made = Terminal(told.append, input=keys, output=DummyOutput())
        keys.send_text("LLZO\n")
        assert made.ask(["LLZO", "LATP"]) == "LLZO"
        keys.send_text("\x04")
        assert made.ask([]) is None
        keys.send_text("\x03")
        with pytest.raises(KeyboardInterrupt):
            made.ask([])
    made.tell("a\n")
    assert told == ["a\n"]


def test_without_a_terminal_lines_are_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pipes and a dumb terminal get plain lines."""
    assert isinstance(console(print), Lines)
    monkeypatch.setenv("TERM", "dumb")
    assert isinstance(console(print), Lines)


class Pty:
    """The command on a real terminal of its own."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        import fcntl
        import pty
        import termios

        def own() -> None:
            """Make the terminal its own, so that Ctrl-C reaches it, also where the tests ignore interrupts."""
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
            signal.signal(signal.SIGINT, signal.SIG_DFL)

        self.mine, theirs = pty.openpty()
        environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100", "LINES": "50"}
        self.process = subprocess.Popen(
            [sys.executable, "-c", MAIN, *arguments],
            cwd=folder,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=environment,
            start_new_session=True,
            preexec_fn=own,
        )
        os.close(theirs)
        self.seen = ""

    def until(self, words: str, seconds: float = 60) -> None:
        """Read until some words were shown."""
        import select

        end = time.monotonic() + seconds
        while words not in self.seen:
            assert time.monotonic() < end, self.seen[-2000:]
            if select.select([self.mine], [], [], 0.2)[0]:
                try:
                    self.seen += os.read(self.mine, 65536).decode(errors="replace")
                except OSError:
                    break
        assert words in self.seen, self.seen[-2000:]

    def type(self, keys: str) -> None:
        os.write(self.mine, keys.encode())

    def interrupt(self, words: str) -> None:
        """Press Ctrl-C until some words were shown: one that comes just before a read waits for the next key."""
        import select

        for _ in range(6):
            self.type("\x03")
            end = time.monotonic() + 10
            while words not in self.seen and time.monotonic() < end:
                if select.select([self.mine], [], [], 0.2)[0]:
                    self.seen += os.read(self.mine, 65536).decode(errors="replace")
            if words in self.seen:
                return
        raise AssertionError(self.seen[-2000:])

    def ended(self, seconds: float = 60) -> int:
        """Read to the end, as a terminal that nobody reads holds the program up; the exit code."""
        import select

        end = time.monotonic() + seconds
        while self.process.poll() is None:
            assert time.monotonic() < end, self.seen[-2000:]
            if select.select([self.mine], [], [], 0.2)[0]:
                try:
                    self.seen += os.read(self.mine, 65536).decode(errors="replace")
                except OSError:
                    break
        return self.process.wait(seconds)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.mine)


@pytest.fixture
def terminal(place: Path) -> Iterator[Callable[..., Pty]]:
    """Runs the command on terminals that are closed in the end."""
    pytest.importorskip("pty")
    made: list[Pty] = []

    def start(*arguments: str) -> Pty:
        made.append(Pty(place, *arguments))
        return made[-1]

    yield start
    for each in made:
        each.close()


@pytest.mark.parametrize("plain", [False, True], ids=["completing", "plain"])
def test_a_session_on_a_real_terminal(terminal: Callable[..., Pty], place: Path, plain: bool) -> None:
    """Typed answers lead from question to question; Ctrl-C keeps them and shows the diagnosis."""
    screen = terminal("ask", "--save", "s.yaml", *(["--plain"] if plain else []))
    for question, answer in (
        ("[electrolyte]", "Li6PS5Cl"),
        ("[electrode_role]", "anode"),
        ("[resistance_level]", "high"),
    ):
        screen.until(question)
        screen.type(f"{answer}\r" if not plain else f"{answer}\n")
    screen.until("[pressure_response]")
    screen.interrupt("Broken off.")
    screen.until("diagnose ask s.yaml")
    assert screen.ended() == 0
    kept = yaml.safe_load((place / "s.yaml").read_text())
    assert kept == {
        "electrolyte": "Li6PS5Cl",
        "electrode_role": "anode",
        "resistance_level": "high",
        "session": {"electrolyte": "answered", "electrode_role": "answered", "resistance_level": "answered"},
    }


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs kill -9")
def test_a_killed_session_resumes_without_loss(command: Callable[..., Any], place: Path) -> None:
    """After kill -9 the file holds every answer given, and the next question is the one that was asked last."""
    process = subprocess.Popen(
        [sys.executable, "-u", "-c", MAIN, "ask", "--save", "s.yaml"],
        cwd=place,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    last = ""
    for count, answer in enumerate((*START, ""), 1):
        seen = ""
        while not (found := FIELD.findall(seen)):
            seen += process.stdout.readline()
        last = found[-1]
        if count <= 5:
            process.stdin.write(f"{answer}\n")
            process.stdin.flush()
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdin.close()
    process.stdout.close()
    kept = yaml.safe_load((place / "s.yaml").read_text())
    assert len(kept["session"]) == 5
    again = command("ask", "s.yaml", stdin=script("stop"))
    assert FIELD.findall(again.out) == [last]


# --- other languages


def test_a_session_in_german(command: Callable[..., Any]) -> None:
    """Questions, commands and answers in German; the English words go on working."""
    lines = (*START, "unbekannt", "warum", "zurück", "why", "nein", "schluss")
    done = command("ask", "--no-save", "--language", "de", stdin=script(*lines))
    assert done.code == 0
    assert "Welcher Festelektrolyt" in done.out
    assert "Sie bringt" in done.out
    assert "What was asked" not in done.out
    assert "Was gefragt wurde" in done.out


# --- files that answers are kept in


def test_a_json_session_stays_json(command: Callable[..., Any], place: Path) -> None:
    """`--save` with a name that ends in .json keeps JSON, and going on with it keeps it JSON."""
    command("ask", "--save", "cell.json", stdin=script(*START, "stop"))
    first = json.loads((place / "cell.json").read_text(encoding="utf-8"))
    command("ask", "cell.json", stdin=script("stable", "stop"))
    second = json.loads((place / "cell.json").read_text(encoding="utf-8"))
    assert second["session"].items() > first["session"].items()


@pytest.mark.parametrize("name", ["nodir/x.yaml", "a\0b", "n" * 400])
def test_a_mistyped_name_loses_nothing(command: Callable[..., Any], place: Path, name: str) -> None:
    """A file that cannot be saved is told, and answers are kept where they were before."""
    done = command("ask", "--save", "cell.yaml", stdin=script(*START, f"save {name}", "stable", "stop"))
    assert done.code == 0
    assert "Not saved" in done.out
    assert yaml.safe_load((place / "cell.yaml").read_text(encoding="utf-8"))["electrode"] == "Li"
    assert len(list(place.iterdir())) == 1


def test_a_missing_folder_is_told_before_the_first_question(command: Callable[..., Any]) -> None:
    """A report that has no folder to be in is refused at once."""
    done = command("ask", "-o", "nodir/report.html", stdin=script(*START, "stop"))
    assert done.code == 2
    assert "no folder nodir" in done.err
    assert "Which solid electrolyte" not in done.out


def test_a_look_at_a_case_leaves_no_session(command: Callable[..., Any], place: Path) -> None:
    """Nothing is kept before the first answer."""
    (place / "case.yaml").write_text("electrolyte: LLZO\nelectrode_role: anode\n", encoding="utf-8")
    assert command("ask", "case.yaml", stdin=script("stop")).code == 0
    assert [each.name for each in place.iterdir()] == ["case.yaml"]


def test_fields_of_an_edited_session_count_more_than_its_list(command: Callable[..., Any], place: Path) -> None:
    """A field that was taken out of a session is asked for again; one that was put in is known."""
    text = "electrolyte: LLZO\nelectrode_role: anode\ncoating: none\n"
    text += "session: {electrode: answered, coating: unknown}\n"
    (place / "cell.yaml").write_text(text, encoding="utf-8")
    command("ask", "cell.yaml", stdin=script("unknown", "stop"))
    kept = yaml.safe_load((place / "cell.yaml").read_text(encoding="utf-8"))["session"]
    assert kept["coating"] == "answered"
    assert kept.get("electrode") != "answered"


def test_a_mistake_in_another_field_is_told_with_its_name(command: Callable[..., Any]) -> None:
    """What is wrong with a field that was not asked for names that field; a field changed twice is refused."""
    done = command(
        "ask", stdin=script(*START, "what if foo=3", "what if stack_pressure_MPa=1, stack_pressure_MPa=2", "stop")
    )
    assert "foo is not a field" in done.out.replace("\n", " ")
    assert "stack_pressure_MPa is changed twice" in done.out.replace("\n", " ")


def test_a_figure_answers_the_question_for_a_word(command: Callable[..., Any], place: Path) -> None:
    """Where the resistance is asked for in words, a figure is taken as the resistance of one interface."""
    command("ask", "--save", "cell.yaml", stdin=script("LLZO", "anode", "400 ± 20 ohm cm2", "stop"))
    kept = yaml.safe_load((place / "cell.yaml").read_text(encoding="utf-8"))
    assert kept["interfacial_resistance_ohm_cm2"] == "400 ± 20 ohm cm2"
    assert "resistance_level" not in kept


def test_a_misspelt_field_is_no_material(command: Callable[..., Any], place: Path) -> None:
    """FIELD = VALUE with a name that is no field is refused with the nearest, also where a material is asked for."""
    done = command(
        "ask", "--save", "cell.yaml", stdin=script(*START, "coating = none", "stack_pressure = 1 MPa", "stop")
    )
    assert "stack_pressure_MPa" in done.out
    assert "1 MPa" not in (place / "cell.yaml").read_text(encoding="utf-8")


def test_what_is_taken_back_is_told(command: Callable[..., Any]) -> None:
    """A volunteered fact is shown as it was taken, and `back` names what it takes back."""
    done = command("ask", "--no-save", stdin=script(*START, "temperature_C = 60", "back", "quit"))
    assert done.code == 0
    assert "temperature_C: 60" in done.out
    assert "Taken back: temperature_C." in done.out
