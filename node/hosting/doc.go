// Package hosting stores and serves the journals and catalogues of members
// that do not do so themselves: light members, which only make connections,
// and members with `storage: hub`.
//
// A [Receiver] takes what a member pushes of its journal. It waits on a stage,
// within the member's quota, until a checkpoint signed by the member's key
// comes; then a follower visits the stage as it would visit a server, with all
// its checks, and the mirror takes what it has verified. Nothing is shown
// before that.
//
// [Faces] answers under https://HUB/n/ID in the place of a member, for ever:
// from the mirror, or by passing on what the member's own server answers once
// it has one, never by a redirection.
//
// The package does not decide who is a member, nor where one stores: package
// node tells it.
package hosting
