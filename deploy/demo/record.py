#!/usr/bin/python3
"""Records a command on a terminal of its own as an animated SVG: CSS only, no script. Needs Debian's python3-pyte.

    deploy/demo/record.py --output docs/images/run.svg --from 'status page' -- deploy/demo/run.sh --for 60s

The terminal is looked at every --interval; what looks alike becomes one frame. If the file would be larger than --limit,
every second frame is left out, as often as needed. Who prefers reduced motion sees the last frame. The exit code is the
command's.
"""

import argparse
import codecs
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from xml.sax.saxutils import escape

import pyte

CELL, LINE, SIZE, MARGIN = 8.4, 18, 14, 12  # pixels
PAPER, INK = "#161b22", "#d0d7de"
COLOURS = {"black": "#484f58", "red": "#ff7b72", "green": "#3fb950", "brown": "#d29922", "blue": "#58a6ff",
           "magenta": "#bc8cff", "cyan": "#39c5cf", "white": "#b1bac4", "brightblack": "#6e7681", "brightred": "#ffa198",
           "brightgreen": "#56d364", "brightbrown": "#e3b341", "brightyellow": "#e3b341", "brightblue": "#79c0ff",
           "brightmagenta": "#d2a8ff", "brightcyan": "#56d4dd", "brightwhite": "#ffffff"}


# ---- the terminal

def look(screen):
    """The screen as a tuple of lines; a line is a tuple of (column, cells, text, style)."""
    return tuple(tuple(runs_of(screen.buffer[y], screen.columns)) for y in range(screen.lines))


def runs_of(line, columns):
    start, text, style = 0, "", None
    for x in range(columns + 1):
        cell = line[x] if x < columns else None
        now = None
        if cell is not None:
            colours = (cell.fg, cell.bg)[::-1] if cell.reverse else (cell.fg, cell.bg)
            now = (*colours, cell.reverse, cell.bold, cell.underscore)
        if cell is None or now != style:
            if text.strip() or (style and (style[1] != "default" or style[2] or style[4])):
                yield start, x - start, text, style
            start, text, style = x, "", now
        if cell is not None:
            text += cell.data  # empty behind a wide character


def film(command, columns, lines, seconds, interval):
    """Runs it; ([(duration, screen)], exit code). After `seconds` it gets Ctrl-C."""
    screen = pyte.Screen(columns, lines)
    stream, decoder = pyte.Stream(screen), codecs.getincrementaldecoder("utf-8")("replace")
    child, terminal = pty.fork()
    if child == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        os.environ.update(TERM="xterm-256color", COLORTERM="truecolor")
        os.environ.pop("NO_COLOR", None)
        try:
            os.execvp(command[0], command)
        except OSError as error:
            print(f"record: {command[0]}: {error.strerror}", flush=True)  # _exit() does not
        os._exit(127)
    began = next_look = time.monotonic()
    shots, asked = [], None
    while True:
        now = time.monotonic()
        if now >= next_look:
            shots.append((now, look(screen)))
            next_look = now + interval
        if seconds and asked is None and now - began >= seconds:
            os.write(terminal, b"\x03")
            asked = now
        if asked is not None and now - asked > 60:
            os.kill(child, signal.SIGKILL)
        if not select.select([terminal], [], [], max(0, next_look - time.monotonic()))[0]:
            continue
        try:
            data = os.read(terminal, 1 << 16)
        except OSError:  # Linux says it so
            data = b""
        if not data:
            break
        stream.feed(decoder.decode(data))
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    os.close(terminal)
    shots.append((time.monotonic(), look(screen)))
    return durations(shots), code


def durations(shots):
    frames = []
    for (time_, screen), after in zip(shots, [time_ for time_, _ in shots[1:]] + [shots[-1][0]]):
        if frames and frames[-1][1] == screen:
            frames[-1] = (frames[-1][0] + after - time_, screen)
        else:
            frames.append((after - time_, screen))
    return frames


# ---- the picture

def number(value):
    return f"{value:.1f}".rstrip("0").rstrip(".")


def colour(name, otherwise):
    if name == "default":
        return otherwise
    return COLOURS.get(name, f"#{name}")


def drawn(line):
    """One line of the terminal, at y = 0."""
    parts = []
    for column, cells, text, (fg, bg, reverse, bold, underscore) in line:
        x, width = number(column * CELL), number(cells * CELL)
        paper = colour(bg, INK if reverse else PAPER)
        if paper != PAPER:
            parts.append(f'<rect x="{x}" width="{width}" height="{LINE}" fill="{paper}"/>')
        if not text.strip() and not underscore:
            continue
        ink = colour(fg, PAPER if reverse else INK)
        style = "".join([f' fill="{ink}"' if ink != INK else "", ' font-weight="bold"' if bold else "",
                         ' text-decoration="underline"' if underscore else ""])
        if not underscore:  # blanks are one cell wide
            column += len(text) - len(text.lstrip())
            cells -= len(text) - len(text.strip())
            text = text.strip()
            x, width = number(column * CELL), number(cells * CELL)
        parts.append(f'<text x="{x}" y="13.5" textLength="{width}"{style}>{escape(text)}</text>')
    return "".join(parts)


def picture(frames, columns, lines, title, hold):
    """The frames lie side by side, and one animation pushes them through the window."""
    width, height = columns * CELL + 2 * MARGIN, lines * LINE + 2 * MARGIN
    spans = [max(0.05, seconds) for seconds, _ in frames[:-1]] + [hold]
    whole, passed = sum(spans), 0.0
    names, definitions, strip, steps = {}, [], [], []
    for i, (span, (_, screen)) in enumerate(zip(spans, frames)):
        steps.append(f"{passed / whole * 100:.3f}%{{transform:translateX({number(-i * width)}px)}}")
        passed += span
        strip.append(f'<g transform="translate({number(i * width + MARGIN)} {MARGIN})">')
        for y, line in enumerate(screen):
            if not line:
                continue
            if line not in names:
                names[line] = f"l{len(names)}"
                definitions.append(f'<g id="{names[line]}">{drawn(line)}</g>')
            strip.append(f'<use href="#{names[line]}" y="{y * LINE}"/>')
        strip.append("</g>")
    last = f"transform:translateX({number(-(len(frames) - 1) * width)}px)"
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {number(width)} {number(height)}" width="{number(width)}" '
        f'height="{number(height)}" role="img" xml:space="preserve">',
        f"<title>{escape(title)}</title>",
        "<style>",
        f"svg{{font:{SIZE}px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace}}text{{white-space:pre}}",
        f"#film{{animation:film {whole:.2f}s step-end infinite;{last}}}",
        f"@keyframes film{{{''.join(steps)}}}",
        "@media (prefers-reduced-motion:reduce){#film{animation:none}}",
        "</style>",
        f"<defs>{''.join(definitions)}</defs>",
        f'<rect width="100%" height="100%" rx="8" fill="{PAPER}"/>',
        f'<g id="film" fill="{INK}">{"".join(strip)}</g>',
        "</svg>", ""])


def thinned(frames):
    """Every second one, and always the last; nobody's time is lost."""
    kept = []
    for i, (seconds, screen) in enumerate(frames):
        if (len(frames) - 1 - i) % 2 == 0 or not kept:
            kept.append((seconds, screen))
        else:
            kept[-1] = (kept[-1][0] + seconds, kept[-1][1])
    return kept


def below(limit, frames, *about):
    while True:
        svg = picture(frames, *about)
        if len(svg.encode()) <= limit:
            return svg, frames
        if len(frames) == 1:
            raise SystemExit(f"record: one frame alone is larger than {limit} bytes; use a larger --limit")
        frames = thinned(frames) if len(frames) > 2 else frames[-1:]


def begun(frames, text):
    """From the first frame on that shows the text; all, if none does."""
    for i, (_, screen) in enumerate(frames):
        if any(text in "".join(run[2] for run in line) for line in screen):
            return frames[i:]
    print(f"record: no frame shows {text!r}; all are kept", file=sys.stderr)
    return frames


def main():
    parser = argparse.ArgumentParser(description="Records a command on a terminal as an animated SVG.")
    parser.add_argument("--output", required=True, metavar="FILE.svg")
    parser.add_argument("--size", default="100x30", help="columns x lines (%(default)s)")
    parser.add_argument("--seconds", type=float, help="then the command gets Ctrl-C; else it ends by itself")
    parser.add_argument("--interval", type=float, default=0.5, help="seconds between two looks (%(default)s)")
    parser.add_argument("--hold", type=float, default=5, help="seconds that the last frame stays (%(default)s)")
    parser.add_argument("--limit", type=int, default=300_000, help="bytes of the file (%(default)s)")
    parser.add_argument("--from", dest="start", metavar="TEXT", help="begin with the first frame that shows this")
    parser.add_argument("--title", help="else the command")
    parser.add_argument("command", nargs="+")
    arguments = parser.parse_args()
    try:
        columns, lines = map(int, arguments.size.split("x"))
    except ValueError:
        parser.error(f"--size {arguments.size}: write 100x30")
    if not (20 <= columns <= 400 and 5 <= lines <= 200 and 0.02 <= arguments.interval <= 60):
        parser.error("--size goes from 20x5 to 400x200, --interval from 0.02 to 60")
    frames, code = film(arguments.command, columns, lines, arguments.seconds, arguments.interval)
    while len(frames) > 1 and not any(frames[0][1]):  # nothing on the screen yet
        frames.pop(0)
    if arguments.start:
        frames = begun(frames, arguments.start)
    svg, frames = below(arguments.limit, frames, columns, lines, arguments.title or " ".join(arguments.command), arguments.hold)
    os.makedirs(os.path.dirname(arguments.output) or ".", exist_ok=True)
    with open(arguments.output + ".tmp", "w", encoding="utf-8") as file:
        file.write(svg)
    os.replace(arguments.output + ".tmp", arguments.output)
    print(f"{arguments.output}: {len(frames)} frames, {len(svg.encode())} bytes; the command ended with {code}")
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main())
