//go:build !unix

package node

import (
	"os/user"

	"maillon/node/doctor"
)

func ownerOf(string) string { return "" }

func fileIdentity(string) string { return "" }

func userName() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return ""
}

func diskOf(string) *doctor.Disk { return nil }
