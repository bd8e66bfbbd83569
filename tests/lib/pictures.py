"""Reading the guest's displays: VGA text from its memory, a framebuffer from a picture of it."""

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
