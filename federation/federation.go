// Package federation has the rules by which nodes know and believe each
// other, as pure functions over plain values: keys, announcements, their
// merge, admission, and the pace of visits. It opens no connection, reads no
// clock and keeps no file; docs/protocol.md has the exact bytes.
//
// An [Announcement] is a signed note by which a node says where it is and how
// large its journal has become. [Open] verifies it with the key it carries:
// that proves who signed, not that the signer is the node it names. Whether a
// key is a node's own is decided by [Admit], from what the hub has accepted,
// and held by [Book.Trust].
//
// A [Book] is a last-writer-wins map of announcements: whatever the order in
// which they come, and however often, the result is the same.
package federation
