"""Files and folders beside a service are where FILES= says, later ones over earlier ones, and none comes from elsewhere."""

import os

import pytest

from elf import ET_EXEC, elf
from packed import Packer


@pytest.fixture
def packer(tmp_path):
    """In a folder with a daemon, a root and what else to take."""
    for path, text in {"nginx.conf": "conf", "other.conf": "other", "key.pem": "secret", "a b.txt": "blank", "www/index.html": "page",
                       "www/img/a.png": "png", "more/index.html": "second", "root/etc/app/app.conf": "of the root"}.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    (tmp_path / "daemon").write_bytes(elf(kind=ET_EXEC))
    (tmp_path / "daemon").chmod(0o755)
    (tmp_path / "root/bin").mkdir()
    (tmp_path / "root/bin/daemon").write_bytes(elf(kind=ET_EXEC))
    (tmp_path / "root/bin/daemon").chmod(0o755)
    (tmp_path / "root/conf").symlink_to("/etc/app")
    (tmp_path / "key.pem").chmod(0o640)
    (tmp_path / "www/out").symlink_to("/etc/passwd")
    return Packer(tmp_path)


def program(packer, *files, **more):
    return packer.pack("--binary", "./daemon", *(word for text in files for word in ("--file", text)))


def test_files_and_folders(packer):
    made = program(packer, "nginx.conf:/etc/nginx/nginx.conf ./www:/srv/www", "'a b.txt':/srv/b.txt nginx.conf:/srv/")
    assert made.file("/etc/nginx/nginx.conf").content == b"conf" and made.file("/srv/www/img/a.png").content == b"png"
    assert made.file("/srv/b.txt").content == b"blank" and made.file("/srv/nginx.conf").content == b"conf"


def test_modes_and_owners(packer):
    """Without an owner they are of the user that the service runs as, who can read them."""
    made = program(packer, "key.pem:/a key.pem:/b:0400 key.pem:/c:0600:70 key.pem:/d::0:42 ./www:/e:0640")
    assert [made.owned(f"/{name}") for name in "abcd"] == [(0o640, 104, 104), (0o400, 104, 104), (0o600, 70, 70), (0o640, 0, 42)]
    assert made.owned("/e") == (0o750, 104, 104) and made.owned("/e/index.html") == (0o640, 104, 104)


def test_later_ones_win(packer):
    made = program(packer, "www:/srv nginx.conf:/x", "more:/srv other.conf:/x")
    assert made.file("/srv/index.html").content == b"second" and made.file("/srv/img/a.png").content == b"png"
    assert made.file("/x").content == b"other"


def test_a_link_in_a_folder_stays_a_link(packer):
    assert program(packer, "www:/srv").file("/srv/out").content == b"/etc/passwd"


def test_what_a_folder_has_that_is_no_file_is_left_out(packer):
    os.mkfifo(packer.folder / "www/fifo")
    made = program(packer, "www:/srv")
    assert "service/srv/fifo" not in made.members and "--file www:/srv: left out: 1 fifo, '/fifo'" in made.stderr


def test_over_a_root(packer):
    """Through its links, as a program in it would write there; a folder's owner and mode stay the root's."""
    (packer.folder / "root/etc/app").chmod(0o700)
    made = packer.pack("--root", "root", "--command", "daemon", "--file", "nginx.conf:/conf/app.conf more:/etc/app")
    assert made.file("/etc/app/app.conf").content == b"conf" and made.file("/etc/app/index.html").content == b"second"
    assert made.owned("/etc/app") == (0o700, 0, 0) and made.file("/conf").content == b"/etc/app"


@pytest.mark.parametrize("words, said", [
    ("nginx.conf", "--file nginx.conf: expected SOURCE:/PATH[:MODE[:UID[:GID]]]"),
    ("nginx.conf:etc/x", "nginx.conf:etc/x: expected SOURCE:/PATH"),
    (":/etc/x", "expected SOURCE:/PATH"),
    ("nginx.conf:/etc/x:0400:1:2:3", "expected SOURCE:/PATH"),
    ("none.conf:/etc/x", "--file none.conf:/etc/x: there is no file or folder 'none.conf' in "),
    ("/dev/null:/etc/x", "'/dev/null' is no file and no folder"),
    ("nginx.conf:/etc/../x", "'/etc/../x' is no path of the service's root; allowed: an absolute path without .."),
    ("nginx.conf:/x:0888", "'0888' is no mode; allowed: 0 to 7777"),
    ("nginx.conf:/x:77777", "'77777' is no mode"),
    ("nginx.conf:/x:0400:65536", "'65536' is no user id; allowed: 0 to 65535"),
    ("nginx.conf:/x::0:root", "'root' is no group id"),
    ("nginx.conf:/usr/bin", "/usr/bin is a folder of the service's root; to put the file into it, write /usr/bin/"),
    ("'nginx.conf:/x", "--file 'nginx.conf:/x: no closing quotation"),
    ("nginx.conf:/usr/bin/daemon/x", "which is a file"),
    ("'a b.txt:/x\ny'", "is no path of the service's root"),
])
def test_refused(packer, words, said):
    told = packer.refuses("--binary", "./daemon", "--file", words)
    assert told.startswith("thimble-service: ") and said in told, f"expected {said!r} in:\n{told}"


def test_the_guests_own_files_are_its_own(packer):
    made = program(packer, "nginx.conf:/etc/hosts")
    assert made.file("/etc/hosts").content == b"" and "/etc/hosts: the guest keeps this file itself" in made.stderr
