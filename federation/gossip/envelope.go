package gossip

import (
	"bytes"
	"encoding/binary"
	"errors"
	"iter"

	"github.com/hashicorp/memberlist"

	"maillon/federation"
)

// The envelope, in packets and in exchanges (docs/protocol.md):
//
//	packet    = item
//	exchange  = *item, at most maxExchange bytes
//	item      = kind (1 byte) length (4 bytes, big-endian) content
//
// Kinds that are not known are passed over, so that later versions can add
// some (digests); the order of items means nothing.
const (
	kindNote = 1

	itemHead    = 5
	maxNote     = federation.MaxAnnouncement
	maxExchange = 512 << 10
)

// appendNote appends a note as an item.
func appendNote(dst, note []byte) []byte {
	dst = append(dst, kindNote)
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(note)))
	return append(dst, note...)
}

var errEnvelope = errors.New("not an envelope of maillon gossip")

// notes yields the notes in an envelope. An error is the last it yields; what
// came before it is good. The notes are parts of b.
func notes(b []byte) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		if len(b) > maxExchange {
			yield(nil, errEnvelope)
			return
		}
		for len(b) > 0 {
			if len(b) < itemHead {
				yield(nil, errEnvelope)
				return
			}
			kind, size := b[0], uint64(binary.BigEndian.Uint32(b[1:itemHead]))
			b = b[itemHead:]
			if size > uint64(len(b)) || kind == kindNote && size > maxNote {
				yield(nil, errEnvelope)
				return
			}
			item := b[:size:size]
			b = b[size:]
			if kind == kindNote && !yield(item, nil) {
				return
			}
		}
	}
}

// exchange packs as many notes as fit, beginning at one chosen by dice, so
// that what does not fit today does tomorrow.
func exchange(all [][]byte, dice int) []byte {
	var out []byte
	for i := range all {
		note := all[(i+dice)%len(all)]
		if len(note) > maxNote {
			continue
		}
		if len(out)+itemHead+len(note) > maxExchange {
			break
		}
		out = appendNote(out, note)
	}
	return out
}

// A broadcast is a note on its way to the pool.
type broadcast struct {
	signer string
	msg    []byte
}

func newBroadcast(note []byte) broadcast {
	return broadcast{signer: signerOf(note), msg: appendNote(nil, note)}
}

// signerOf is the name on a note's signature line with the hash of its key,
// which tells whose newer note replaces it in the queue. Nothing is verified.
func signerOf(note []byte) string {
	i := bytes.LastIndex(note, []byte("\n— "))
	if i < 0 {
		return ""
	}
	line := bytes.TrimPrefix(note[i:], []byte("\n— "))
	name, sig, _ := bytes.Cut(line, []byte(" "))
	const keyHash = 5 // four bytes take five characters and a bit
	return string(name) + " " + string(sig[:min(len(sig), keyHash)])
}

func (b broadcast) Invalidates(other memberlist.Broadcast) bool {
	o, ok := other.(broadcast)
	return ok && b.signer != "" && o.signer == b.signer
}

func (b broadcast) Message() []byte { return b.msg }
func (b broadcast) Finished()       {}
