//go:build unix

package main

import (
	"os"
	"syscall"

	"maillon/store/whole"
)

// writeConfig writes a configuration that the node may read and nobody else: if root
// writes it, the group of the data folder gets to read it.
func writeConfig(path, data, text string) error {
	if err := whole.WriteFile(path, []byte(text), 0o640); err != nil {
		return err
	}
	if os.Geteuid() != 0 {
		return nil
	}
	st, err := os.Stat(data)
	if err != nil {
		return err
	}
	if s, ok := st.Sys().(*syscall.Stat_t); ok {
		return os.Chown(path, 0, int(s.Gid))
	}
	return nil
}
