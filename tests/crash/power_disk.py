"""What a disk would hold if the power failed now: what was synced, and any part of the rest.

A file's bytes are certain once the file was synced after they were written; a name is certain
once its folder was synced after it was made, taken away or renamed. Everything else is a change
that waits, and each of those may have happened, or not, or in part; a rename happens as one. This
is POSIX's bare promise; no file system is harsher. Must not enter: which losses to try.
"""

from collections.abc import Mapping

from power_changes import Change, Contents, Fates, Tree, apply
from power_trace import NOT_MODELLED, Call

_TOP = 0

_DOING = {
    **dict.fromkeys(("openat", "open", "creat"), "_open"),
    **dict.fromkeys(("rename", "renameat", "renameat2"), "_rename"),
    **dict.fromkeys(("unlink", "unlinkat", "rmdir"), "_unlink"),
    **dict.fromkeys(("mkdir", "mkdirat"), "_mkdir"),
    "write": "_write",
    "pwrite64": "_pwrite",
    "ftruncate": "_ftruncate",
    "mmap": "_mmap",
}


class Disk:
    """Follows the calls of all processes in one data directory."""

    def __init__(self, directory: str, start: Tree, mtimes: Mapping[str, int]) -> None:
        self._parent, _, self._name = directory.rpartition("/")
        self._durable: Contents = [{}]
        self._live: list[int | dict[str, int]] = [{}]
        """A folder's entries as processes see them; of a file, how long it is."""
        self._mtimes: dict[int, int] = {}
        self._cursors: dict[tuple[int, int], int | None] = {}
        self._gone: dict[str, int] = {}
        self.waiting: list[Change] = []
        for path in sorted(start):
            folder, _, name = f"{self._name}/{path}".rstrip("/").rpartition("/")
            inode = self._new(start[path])
            if path in mtimes:
                self._mtimes[inode] = mtimes[path]
            self._at(folder)[name] = inode
            durable = self._durable[self._inode_of(folder)]
            assert isinstance(durable, dict)
            durable[name] = inode

    # -- what processes do

    def concerns(self, call: Call) -> bool:
        """Whether it touches the data directory, other than SQLite's index in memory."""
        paths = [path for path in (call.file, *call.names) if self._relative(path) is not None]
        return any(not path.removesuffix(" (deleted)").endswith("-shm") for path in paths)

    def see(self, call: Call) -> None:
        """Follow one successful call, which `concerns` this disk."""
        assert call.name not in NOT_MODELLED, f"this disk does not know {call.name}"
        if call.is_sync:
            self._sync(self._inode_of_file(call.file), call.begun)
        elif call.mtime_ns is not None:
            inode = self._find(call.names[0] if call.names else call.file)
            if inode is not None:
                self._mtimes[inode] = call.mtime_ns
        else:
            getattr(self, _DOING[call.name])(call)

    def _mmap(self, call: Call) -> None:
        writes = "PROT_WRITE" in call.flags and "MAP_SHARED" in call.flags
        assert not writes, f"this disk does not know writes to memory: {call.file}"

    def _open(self, call: Call) -> None:
        path = call.names[0]
        inode = self._find(path)
        if inode is None and "O_CREAT" in call.flags:
            inode = self._new(b"")
            self._name_it(call, "made", (path, inode))
        if inode is None:
            return
        if "O_TRUNC" in call.flags and self._live[inode] != 0:
            self._cut(call, inode, 0)
        self._cursors[call.descriptor, inode] = None if "O_APPEND" in call.flags else 0

    def _write(self, call: Call) -> None:
        inode = self._inode_of_file(call.file)
        size = self._live[inode]
        assert isinstance(size, int)
        cursor = self._cursors[call.descriptor, inode]
        at = size if cursor is None else cursor
        if cursor is not None:
            self._cursors[call.descriptor, inode] = at + len(call.data)
        self._put(call, inode, at)

    def _pwrite(self, call: Call) -> None:
        self._put(call, self._inode_of_file(call.file), call.numbers[-1])

    def _put(self, call: Call, inode: int, at: int) -> None:
        size = self._live[inode]
        assert isinstance(size, int)
        self._live[inode] = max(size, at + len(call.data))
        self._mtimes.pop(inode, None)
        told = f"{self._short(call.file)}: {len(call.data)} bytes written at {at}"
        self.waiting.append(Change(call.ended, told, inode=inode, at=at, data=call.data))

    def _ftruncate(self, call: Call) -> None:
        self._cut(call, self._inode_of_file(call.file), call.numbers[-1])

    def _cut(self, call: Call, inode: int, size: int) -> None:
        self._live[inode] = size
        told = f"{self._short(call.file or call.names[0])}: made {size} bytes long"
        self.waiting.append(Change(call.ended, told, inode=inode, at=size))

    def _mkdir(self, call: Call) -> None:
        self._name_it(call, "made", (call.names[0], self._new(None)))

    def _rename(self, call: Call) -> None:
        old, new = call.names
        inode = self._inode_of_file(old)
        self._gone[new] = self._find(new) or inode
        self._name_it(call, f"renamed to {self._short(new)}", (old, None), (new, inode))

    def _unlink(self, call: Call) -> None:
        path = call.names[0]
        self._gone[path] = self._inode_of_file(path)
        self._name_it(call, "deleted", (path, None))

    def _name_it(self, call: Call, what: str, *changed: tuple[str, int | None]) -> None:
        entries = []
        for path, inode in changed:
            relative = self._relative(path)
            assert relative is not None, f"{path} is outside of the data directory"
            folder, _, name = relative.rpartition("/")
            entries.append((self._inode_of(folder), name, inode))
            if inode is None:
                del self._at(folder)[name]
            else:
                self._at(folder)[name] = inode
        told = f"{self._short(changed[0][0])}: {what}"
        self.waiting.append(Change(call.ended, told, tuple(entries)))

    def _sync(self, inode: int, begun: int) -> None:
        """What had happened to a file or in a folder when the sync began is certain now."""
        certain = [
            change
            for change in self.waiting
            if change.number < begun and (change.inode == inode or _is_in(change, inode))
        ]
        apply(self._durable, certain, {})
        numbers = {change.number for change in certain}
        self.waiting = [change for change in self.waiting if change.number not in numbers]

    # -- what is left

    def left(self, fates: Fates) -> tuple[Tree, dict[str, int]]:
        """The data directory after a power failure, and when whole files in it were changed."""
        contents = [dict(node) if isinstance(node, dict) else node for node in self._durable]
        apply(contents, self.waiting, fates)
        tree: Tree = {}
        mtimes: dict[str, int] = {}
        harmed = {change.inode for change in self.waiting if change.number in fates}
        todo = [("", contents[_TOP])]
        while todo:
            path, folder = todo.pop()
            assert isinstance(folder, dict)
            for name, inode in folder.items():
                inner, node = f"{path}/{name}".lstrip("/"), contents[inode]
                tree[inner] = None if isinstance(node, dict) else node
                if isinstance(node, dict):
                    todo.append((inner, node))
                elif inode in self._mtimes and inode not in harmed:
                    mtimes[inner] = self._mtimes[inode]
        return tree, mtimes

    # -- names

    def _new(self, content: bytes | None) -> int:
        self._durable.append({} if content is None else content)
        self._live.append({} if content is None else len(content))
        return len(self._durable) - 1

    def _relative(self, path: str) -> str | None:
        """Relative to the folder the data directory lies in; None for everything outside."""
        if path == self._parent:
            return ""
        inner = path.removeprefix(self._parent + "/")
        if inner == path or inner.partition("/")[0] != self._name:
            return None
        return inner

    def _short(self, path: str) -> str:
        return self._relative(path) or path

    def _at(self, relative: str) -> dict[str, int]:
        node = self._live[self._inode_of(relative)]
        assert isinstance(node, dict)
        return node

    def _inode_of(self, relative: str) -> int:
        inode = _TOP
        for name in relative.split("/") if relative else ():
            node = self._live[inode]
            assert isinstance(node, dict)
            inode = node[name]
        return inode

    def _find(self, path: str) -> int | None:
        relative = self._relative(path)
        if relative is None:
            return None
        try:
            return self._inode_of(relative)
        except KeyError:
            return None

    def _inode_of_file(self, path: str) -> int:
        inode = self._find(path)
        if inode is None:
            return self._gone[path.removesuffix(" (deleted)")]
        return inode


def _is_in(change: Change, folder: int) -> bool:
    return any(entry[0] == folder for entry in change.entries)
