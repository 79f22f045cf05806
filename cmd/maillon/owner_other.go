//go:build !unix

package main

import "os"

// writeConfig writes a configuration.
func writeConfig(path, _, text string) error { return os.WriteFile(path, []byte(text), 0o600) }
