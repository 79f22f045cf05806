//go:build !windows

package whole

import (
	"os"

	"github.com/google/renameio/v2"
)

// A File is what is to stand in a place: CloseAtomicallyReplace puts it there, Cleanup,
// which does nothing after that, throws it away.
type File = renameio.PendingFile

// Create begins a file that is to stand at name.
func Create(name string, perm os.FileMode) (*File, error) {
	return renameio.NewPendingFile(name, renameio.WithPermissions(perm))
}
