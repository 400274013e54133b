"""A terminal as small as the console needs, and as strict as a reviewer would want it.

It knows exactly the sequences that ncurses writes for TERM=xterm-256color (and for vt100-like
entries). Anything else raises Foreign: a byte of somebody else's text has reached the terminal.
"""
import re
import unicodedata


class Foreign(Exception):
    """An escape sequence or control character that the console never writes."""


CSI = re.compile(rb"\x1b\[([?>]?)([0-9;]*)([@-~])")
OSC_NOTIFY = re.compile(rb"\x1b\]9;(holdpoint: [ -~]*)\x07")
OSC_COPY = re.compile(rb"\x1b\]52;c;([A-Za-z0-9+/=]*)\x07")
# Set and reset of these modes: cursor keys, autowrap, blinking and visible cursor, the alternate
# screen (old and new); 4 is insert mode.
MODES = {"?1", "?7", "?12", "?25", "?47", "?1049", "4"}


def width(char):
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


class Cell:
    __slots__ = ("text", "bold", "reverse", "color")

    def __init__(self, text=" ", bold=False, reverse=False, color=False):
        self.text, self.bold, self.reverse, self.color = text, bold, reverse, color


class Screen:
    def __init__(self, columns=80, rows=24):
        self.y = self.x = 0
        self.wrap = False       # the cursor stands behind the last column
        self.bold = self.reverse = self.color = False
        self.top, self.bottom = 0, rows - 1
        self.bells = 0
        self.copied = []        # what OSC 52 put on the clipboard
        self.notices = []       # what OSC 9 told the desktop
        self.seen = set()       # every line that has ever stood there whole
        self.colors_used = False
        self.left_alternate = False
        self.shifts = False     # this terminal's entry uses shift-in and shift-out
        self.pending = b""
        self.last = " "
        self.resize(columns, rows)

    def resize(self, columns, rows):
        """Blank, as xterm leaves it to the program to draw anew."""
        self.columns, self.rows = columns, rows
        self.cells = [[Cell() for _ in range(columns)] for _ in range(rows)]
        self.top, self.bottom = 0, rows - 1
        self.y, self.x = min(self.y, rows - 1), min(self.x, columns - 1)

    # --- what a test looks at ---

    def lines(self):
        return ["".join(cell.text for cell in row).rstrip() for row in self.cells]

    def text(self):
        return "\n".join(self.lines()) + "\n"

    def styled(self, y):
        """(text, bold, reverse) runs of one line."""
        runs = []
        for cell in self.cells[y]:
            style = (cell.bold, cell.reverse)
            if runs and runs[-1][1:] == style:
                runs[-1] = (runs[-1][0] + cell.text, *style)
            else:
                runs.append((cell.text, *style))
        return runs

    # --- what the program writes ---

    def feed(self, data):
        data = self.pending + data
        self.pending = b""
        while data:
            used = self.step(data)
            if used == 0:
                self.pending = data
                if len(data) > 512:
                    raise Foreign("unfinished sequence %r" % data[:40])
                return
            data = data[used:]

    def step(self, data):
        """Consumes one character or sequence; 0 when it is not complete."""
        byte = data[0]
        if byte == 0x1B:
            return self.escape(data)
        if byte < 0x20 or byte == 0x7F:
            self.control(byte)
            return 1
        length = 1 if byte < 0x80 else 2 if byte >> 5 == 6 else 3 if byte >> 4 == 14 else 4
        if len(data) < length:
            return 0
        try:
            char = data[:length].decode("utf-8")
        except UnicodeDecodeError as error:
            raise Foreign("bytes that are no UTF-8: %r" % data[:length]) from error
        self.put(char)
        return length

    def control(self, byte):
        if byte == 0x07:
            self.bells += 1
        elif byte == 0x08:
            self.x = max(0, self.x - 1)
            self.wrap = False
        elif byte == 0x09:
            self.x = min(self.columns - 1, (self.x // 8 + 1) * 8)
        elif byte == 0x0A:
            self.line_feed()
        elif byte == 0x0D:
            self.x, self.wrap = 0, False
        elif byte in (0x0E, 0x0F) and self.shifts:
            pass                # older terminals choose their character set so
        else:
            raise Foreign("control character 0x%02x" % byte)

    def remember(self):
        """The cursor leaves its line: what stands there now has been seen."""
        self.seen.add("".join(cell.text for cell in self.cells[self.y]).rstrip())

    def line_feed(self):
        self.remember()
        self.wrap = False
        if self.y == self.bottom:
            self.scroll(1)
        else:
            self.y = min(self.rows - 1, self.y + 1)

    def scroll(self, lines):
        region = self.cells[self.top:self.bottom + 1]
        blank = [[Cell() for _ in range(self.columns)] for _ in range(min(abs(lines), len(region)))]
        region = region[lines:] + blank if lines > 0 else blank + region[:lines]
        self.cells[self.top:self.bottom + 1] = region[:self.bottom - self.top + 1]

    def put(self, char):
        if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"):
            raise Foreign("character U+%04X" % ord(char))
        columns = width(char)
        if columns == 0:
            self.cells[self.y][max(0, self.x - 1)].text += char
            return
        if self.wrap:
            self.x, self.wrap = 0, False
            self.line_feed()
        style = (self.bold, self.reverse, self.color)
        self.cells[self.y][self.x] = Cell(char, *style)
        if columns == 2 and self.x + 1 < self.columns:
            self.cells[self.y][self.x + 1] = Cell("", *style)
        self.last = char
        self.x += columns
        if self.x >= self.columns:
            self.x, self.wrap = self.columns - 1, True

    def escape(self, data):
        if len(data) < 2:
            return 0
        kind = data[1:2]
        if kind == b"[":
            match = CSI.match(data)
            if match:
                self.csi(match[1].decode() + match[3].decode(), match[2].decode())
                return match.end()
            if len(data) < 40 and re.fullmatch(rb"\x1b\[[?>]?[0-9;]*", data):
                return 0
            raise Foreign("sequence %r" % data[:20])
        if kind == b"]":
            match = OSC_COPY.match(data)
            if match:
                self.copied.append(match[1])
                return match.end()
            match = OSC_NOTIFY.match(data)
            if match:
                self.notices.append(match[1].decode())
                return match.end()
            if data.startswith(b"\x1b]104\x07"):      # ncurses gives the palette back
                return 6
            if b"\x07" not in data and len(data) < 400:
                return 0
            raise Foreign("operating system command %r" % data[:40])
        if kind in (b"(", b")"):
            if len(data) < 3:
                return 0
            if data[2:3] not in b"B0":
                raise Foreign("character set %r" % data[:3])
            return 3
        if kind in (b"=", b">", b"7", b"8"):
            return 2
        if kind == b"M":
            if self.y == self.top:
                self.scroll(-1)
            else:
                self.y = max(0, self.y - 1)
            return 2
        raise Foreign("sequence %r" % data[:10])

    def csi(self, final, params):
        numbers = [int(part) if part else 0 for part in params.split(";")]
        count = numbers[0] or 1
        handler = getattr(self, "csi_" + {
            "@": "insert", "A": "up", "B": "down", "C": "right", "D": "left", "G": "column",
            "H": "home", "J": "erase_screen", "K": "erase_line", "L": "insert_lines",
            "M": "delete_lines", "P": "delete", "S": "scroll_up", "T": "scroll_down",
            "X": "erase", "b": "repeat", "d": "row", "m": "style", "r": "region",
            "h": "mode", "l": "mode", "?h": "private", "?l": "private_off", "t": "window",
        }.get(final, "unknown"))
        if handler == self.csi_unknown:
            raise Foreign("sequence CSI %s %s" % (params, final))
        if final not in "hlt" or final[0] == "?":
            self.wrap = False if final not in "mb" else self.wrap
        handler(count, numbers)

    def csi_unknown(self, count, numbers):
        raise AssertionError

    def csi_up(self, count, numbers):
        self.y = max(0, self.y - count)

    def csi_down(self, count, numbers):
        self.y = min(self.rows - 1, self.y + count)

    def csi_right(self, count, numbers):
        self.x = min(self.columns - 1, self.x + count)

    def csi_left(self, count, numbers):
        self.x = max(0, self.x - count)

    def csi_column(self, count, numbers):
        self.x = min(self.columns, count) - 1

    def csi_row(self, count, numbers):
        self.remember()
        self.y = min(self.rows, count) - 1

    def csi_home(self, count, numbers):
        self.remember()
        self.y = min(self.rows, count) - 1
        self.x = min(self.columns, (numbers[1] if len(numbers) > 1 else 1) or 1) - 1

    def csi_erase_screen(self, count, numbers):
        if numbers[0] not in (0, 1, 2):
            raise Foreign("erase %r" % numbers)
        if numbers[0] == 0:
            self.csi_erase_line(1, [0])
            rows = range(self.y + 1, self.rows)
        else:
            rows = range(self.rows)
        for row in rows:
            self.cells[row] = [Cell() for _ in range(self.columns)]

    def csi_erase_line(self, count, numbers):
        start, end = {0: (self.x, self.columns), 1: (0, self.x + 1),
                      2: (0, self.columns)}[numbers[0]]
        for x in range(start, end):
            self.cells[self.y][x] = Cell()

    def csi_erase(self, count, numbers):
        for x in range(self.x, min(self.columns, self.x + count)):
            self.cells[self.y][x] = Cell()

    def csi_insert(self, count, numbers):
        row = self.cells[self.y]
        row[self.x:self.x] = [Cell() for _ in range(count)]
        del row[self.columns:]

    def csi_delete(self, count, numbers):
        row = self.cells[self.y]
        del row[self.x:self.x + count]
        row.extend(Cell() for _ in range(self.columns - len(row)))

    def csi_insert_lines(self, count, numbers):
        top, self.top = self.top, self.y
        self.scroll(-min(count, self.bottom - self.y + 1))
        self.top = top

    def csi_delete_lines(self, count, numbers):
        top, self.top = self.top, self.y
        self.scroll(min(count, self.bottom - self.y + 1))
        self.top = top

    def csi_scroll_up(self, count, numbers):
        self.scroll(count)

    def csi_scroll_down(self, count, numbers):
        self.scroll(-count)

    def csi_repeat(self, count, numbers):
        for _ in range(count):
            self.put(self.last)

    def csi_region(self, count, numbers):
        self.top = count - 1
        self.bottom = (numbers[1] if len(numbers) > 1 and numbers[1] else self.rows) - 1
        self.y = self.x = 0

    def csi_style(self, count, numbers):
        for number in numbers:
            if number == 0:
                self.bold = self.reverse = self.color = False
            elif number == 1:
                self.bold = True
            elif number == 7:
                self.reverse = True
            elif number == 22:
                self.bold = False
            elif number == 27:
                self.reverse = False
            elif number in (39, 49):
                self.color = False
            elif 30 <= number <= 37:
                self.color = self.colors_used = True
            elif number in (10, 11) and self.shifts:
                pass            # a character set, again
            else:
                raise Foreign("style %r" % numbers)

    def check_modes(self, prefix, numbers):
        for number in numbers:
            if prefix + str(number) not in MODES:
                raise Foreign("mode %s%d" % (prefix, number))

    def csi_mode(self, count, numbers):
        self.check_modes("", numbers)

    def csi_private(self, count, numbers):
        self.check_modes("?", numbers)
        self.left_alternate = False

    def csi_private_off(self, count, numbers):
        self.check_modes("?", numbers)
        if 1049 in numbers or 47 in numbers:
            self.left_alternate = True

    def csi_window(self, count, numbers):
        if numbers[0] not in (22, 23):      # save and restore the title
            raise Foreign("window %r" % numbers)
