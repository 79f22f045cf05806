//go:build unix

package node

import (
	"os"
	"os/user"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"

	"maillon/node/doctor"
)

// ownerOf is who a file belongs to, "" if that is not known.
func ownerOf(path string) string {
	st, err := os.Stat(path)
	if err != nil {
		return ""
	}
	s, ok := st.Sys().(*syscall.Stat_t)
	if !ok {
		return ""
	}
	id := strconv.FormatUint(uint64(s.Uid), 10)
	if u, err := user.LookupId(id); err == nil {
		return u.Username
	}
	return id
}

// fileIdentity is what a file has and a copy of it does not: its number on its disk. ""
// if it has none.
func fileIdentity(path string) string {
	st, err := os.Stat(path)
	if err != nil {
		return ""
	}
	s, ok := st.Sys().(*syscall.Stat_t)
	if !ok || s.Ino == 0 {
		return ""
	}
	return strconv.FormatUint(s.Ino, 10)
}

// userName is whoever this process runs as.
func userName() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return strconv.Itoa(os.Geteuid())
}

// diskOf is the room at a path, for whoever is not root.
func diskOf(path string) *doctor.Disk {
	var s unix.Statfs_t
	if err := unix.Statfs(path, &s); err != nil {
		return nil
	}
	size := uint64(s.Bsize)
	return &doctor.Disk{Free: uint64(s.Bavail) * size, Total: uint64(s.Blocks) * size}
}
