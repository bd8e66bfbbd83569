"""What the kernel's build takes apart before it packs it (kernel/patches/0008) comes back as it was."""

import random
import struct
import subprocess

import pytest

from tree import BUILD, HERE

SOURCE = HERE / BUILD / "linux/arch/x86/boot/compressed"
SANITIZED = ["gcc", "-g", "-O1", "-Wall", "-Wextra", "-fsanitize=address,undefined", "-fno-sanitize=alignment",
             "-fno-sanitize-recover=all", f"-I{SOURCE}"]
# A tool that ends leaves its memory to the system.
ENVIRONMENT = {"ASAN_OPTIONS": "detect_leaks=0:allocator_may_return_null=1"}
# Each opcode leads on, and those before four bytes and prefixes often.
LIKELY = bytes([0x0F, 0x48, 0x66, 0x8B, 0x80, 0xC7, 0xE8, 0xE9, 0xF7])


@pytest.fixture(scope="module")
def tools(tmp_path_factory):
    folder = tmp_path_factory.mktemp("split")
    for name, source in (("split", SOURCE / "split.c"), ("unsplit", HERE / "tests/lib/unsplit.c")):
        subprocess.run([*SANITIZED, "-o", folder / name, source], check=True)
    return folder


@pytest.fixture
def split(tools, tmp_path):
    """split(image) -> (sizes of the halves, the image put together again)"""
    def run(image):
        (tmp_path / "image").write_bytes(image)
        halves = [tmp_path / name for name in ("instructions", "numbers", "sizes")]
        subprocess.run([tools / "split", tmp_path / "image", *halves], env=ENVIRONMENT, check=True)
        subprocess.run([tools / "unsplit", *halves, tmp_path / "again"], env=ENVIRONMENT, check=True)
        return [path.stat().st_size for path in halves[:2]], (tmp_path / "again").read_bytes()
    return run


def kernel(code, data=b""):
    """A kernel's ELF file with one section of each, by their headers."""
    header, text = 64, 64 + 3 * 64
    sections = bytes(64)
    for flags, content, offset in ((6, code, text), (3, data, text + len(code))):
        sections += struct.pack("<IIQQQQIIQQ", 0, 1, flags, 0xffffffff81000000 + offset, offset, len(content), 0, 0, 1, 0)
    elf = b"\x7fELF\2\1\1" + bytes(9) + struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, 0, 0, header, 0, 64, 56, 0, 64, 3, 0)
    return elf + sections + code + data


def program(code):
    """A program's, with one segment."""
    elf = b"\x7fELF\2\1\1" + bytes(9) + struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, 0, 64, 0, 0, 64, 56, 1, 64, 0, 0)
    return elf + struct.pack("<IIQQQQQQ", 1, 5, 120, 0x400078, 0x400078, len(code), len(code), 0x1000) + code


def test_this_kernel(split):
    image = (HERE / BUILD / "images/kms-relay/vmlinux").read_bytes()
    (instructions, numbers), again = split(image)
    assert again == image
    assert numbers > len(image) / 8 and instructions + numbers < len(image) + 65536


@pytest.mark.parametrize("seed", range(40))
def test_any_bytes(split, seed):
    """Code or not, cut anywhere."""
    chance = random.Random(seed)
    alphabet = LIKELY if seed % 2 else bytes(range(256))
    def some():
        return bytes(chance.choices(alphabet + chance.randbytes(8), k=chance.randrange(3000)))
    data = some()
    data += bytes(-len(data) % 4)
    image = kernel(some() + bytes(-len(data) % 4), data + program(some()))
    assert split(image)[1] == image


@pytest.mark.parametrize("code, kind", [
    ("e8 01020304", "a call"), ("e9 01020304", "a jump"), ("0f84 01020304", "a conditional jump"),
    ("48c7c7 01020304", "a pointer"), ("81c1 01020304", "an immediate"), ("488b87 01020304", "an offset"),
    ("488b05 01020304", "an address"), ("f7c1 01020304", "a test"), ("66 0f3a0f80 01020304 08", "in the third table"),
])
def test_numbers_of_four_bytes(split, code, kind):
    """Hundred of one kind, with nothing else: four hundred bytes of numbers."""
    image = kernel(bytes.fromhex(code) * 100 + b"\x90" * 40)
    (_, numbers), again = split(image)
    head = 8 * 4 + 3 * 4
    assert again == image and numbers == head + 400, kind


def test_a_segment_beyond_the_file(split):
    """A file in the initramfs that is none, or lies: it stays as it is."""
    wrong = bytearray(program(b"\xe8\1\2\3\4" * 20))
    wrong[64 + 32:64 + 40] = struct.pack("<Q", 1 << 40)
    for lie in (bytes(wrong), program(b"")[:70], program(b"")[:56] + b"\xff" * 8):
        image = kernel(b"\x90" * 64, lie)
        (_, numbers), again = split(image)
        assert again == image and numbers == 8 * 4 + 3 * 4


def test_damaged_sizes(split, tools, tmp_path):
    """They follow the halves, of which each has a CRC; wrong ones would put code together at a wrong place."""
    split(kernel(b"\xe8\1\2\3\4" * 20))
    sizes = (tmp_path / "sizes").read_bytes()
    for bit in range(8 * len(sizes)):
        damaged = bytearray(sizes)
        damaged[bit // 8] ^= 1 << bit % 8
        (tmp_path / "damaged").write_bytes(damaged)
        files = [tmp_path / name for name in ("instructions", "numbers", "damaged", "image")]
        run = subprocess.run([tools / "unsplit", *files], env=ENVIRONMENT, capture_output=True, text=True)
        assert run.returncode == 2 and run.stderr == "unsplit: the sizes of the packed kernel are damaged\n", (bit, run)


def test_no_kernel(tools, tmp_path):
    (tmp_path / "image").write_bytes(b"MZ" * 100)
    run = subprocess.run([tools / "split", tmp_path / "image", *[tmp_path / name for name in "abc"]], env=ENVIRONMENT,
                         capture_output=True, text=True)
    assert run.returncode == 1 and run.stderr == "split: not an x86-64 kernel\n"
