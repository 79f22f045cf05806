// Package whole writes files that appear whole or not at all: beside their place first,
// then, once they are on the disk, in it.
package whole

import "os"

// WriteFile writes data in place of the file, which nobody ever sees half written.
func WriteFile(name string, data []byte, perm os.FileMode) error {
	f, err := Create(name, perm)
	if err != nil {
		return err
	}
	defer f.Cleanup() // nothing once it is in place
	if _, err := f.Write(data); err != nil {
		return err
	}
	return f.CloseAtomicallyReplace()
}
