"""Reading the guest's displays: VGA text from its memory, a framebuffer from a picture of it, letter by letter."""

import collections
import functools
import re

from tree import BUILD, HERE

VGA_TEXT = 0xB8000


def vga_text(guest, folder, columns=80, lines=25):
    """What the VGA text screen shows, from the card's memory: characters at even bytes. A screen that has
    scrolled begins elsewhere, so its first line would not be found here."""
    path = folder / "vga.bin"
    guest.qmp.command("pmemsave", val=VGA_TEXT, size=columns * lines * 2, filename=str(path))
    cells = path.read_bytes()[::2].decode("cp437")
    return "\n".join(cells[at:at + columns].rstrip() for at in range(0, len(cells), columns)).rstrip()


class Picture:
    """A screendump: a binary PPM."""

    def __init__(self, guest, folder):
        path = folder / "screen.ppm"
        guest.qmp.command("screendump", filename=str(path))
        kind, size, depth, self.pixels = path.read_bytes().split(b"\n", 3)
        assert (kind, depth) == (b"P6", b"255"), f"expected a PPM of 8 bits, got {kind!r} {depth!r}"
        self.width, self.height = map(int, size.split())

    def row(self, row, font_height=16):
        """The pixels of one line of text."""
        stride = self.width * 3
        return self.pixels[row * font_height * stride:(row + 1) * font_height * stride]

    def inked_rows(self, font_height=16):
        """The numbers of the text lines that are not of one colour."""
        return [row for row in range(self.height // font_height) if len(set(self.row(row, font_height))) > 1]

    def cell(self, column, row):
        """The glyph in a cell, one byte a line: which pixels are not of the cell's commonest colour; and whether it is shown
        at all in more than one colour."""
        stride, bits = self.width * 3, []
        lines = []
        for y in range(row * FONT_HEIGHT, (row + 1) * FONT_HEIGHT):
            at = y * stride + column * FONT_WIDTH * 3
            lines.append([self.pixels[at + x * 3:at + x * 3 + 3] for x in range(FONT_WIDTH)])
        background = collections.Counter(pixel for line in lines for pixel in line).most_common(1)[0][0]
        for line in lines:
            bits.append(sum(0x80 >> x for x, pixel in enumerate(line) if pixel != background))
        return bytes(bits)

    def text(self):
        """What a person reads on it, a line each. "?" is no glyph of the font: a ghost, or half of something."""
        rows = []
        for row in range(self.height // FONT_HEIGHT):
            rows.append("".join(glyphs().get(self.cell(column, row), "?") for column in range(self.width // FONT_WIDTH)))
        return "\n".join(line.rstrip() for line in rows)


FONT_WIDTH, FONT_HEIGHT = 8, 16


@functools.lru_cache
def glyphs():
    """{glyph: character} of the kernel's own font, which the framebuffer shows (lib/fonts/font_8x16.c), both ways round: of a
    glyph that fills more than half of its cell the background is the commoner one."""
    source = (HERE / BUILD / "linux/lib/fonts/font_8x16.c").read_text()
    source = re.sub(r"/\*.*?\*/", "", source[source.index("FONTDATAMAX, 0"):], flags=re.S)
    data = bytes(int(byte, 16) for byte in re.findall(r"0x([0-9a-f]{2})", source))
    assert len(data) == 256 * FONT_HEIGHT, f"expected 256 glyphs, got {len(data)} bytes"
    table = {}
    for code in range(255, -1, -1):  # of several that look the same the lowest one: blank
        glyph = data[code * FONT_HEIGHT:(code + 1) * FONT_HEIGHT]
        character = " " if not any(glyph) else bytes([code]).decode("cp437")
        table[glyph] = character
        table[bytes(byte ^ 0xFF for byte in glyph)] = character
    for code in range(0x20, 0x7F):
        table[data[code * FONT_HEIGHT:(code + 1) * FONT_HEIGHT]] = chr(code)
    return table
