package gossip

import (
	"bytes"
	"encoding/binary"
	"errors"
	"iter"
	"strings"

	"github.com/hashicorp/memberlist"

	"maillon/federation"
)

// The envelope, in packets and in exchanges (docs/protocol.md):
//
//	packet    = item
//	exchange  = *item, at most maxExchange bytes
//	item      = kind (1 byte) length (4 bytes, big-endian) content
//	digest    = length of the name (1 byte), name of the member, 2,048 bytes
//
// Kinds that are not known are passed over, so that later versions can add
// some. The order of items means nothing, but that a digest is compared after
// what comes before it was taken.
const (
	kindNote   = 1
	kindDigest = 2

	itemHead    = 5
	maxNote     = federation.MaxAnnouncement
	maxPeerName = 64
	maxExchange = 512 << 10
)

// MaxDirect is how many bytes of notes are handed over as they are in an
// exchange; beyond, a digest takes their place. See decision 0053.
const MaxDirect = 64 << 10

// appendItem appends an item.
func appendItem(dst []byte, kind byte, content []byte) []byte {
	dst = append(dst, kind)
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(content)))
	return append(dst, content...)
}

// appendNote appends a note as an item.
func appendNote(dst, note []byte) []byte { return appendItem(dst, kindNote, note) }

// appendDigest appends the digest of a member's notes as an item.
func appendDigest(dst []byte, member string, d federation.Digest) []byte {
	content := append([]byte{byte(len(member))}, member...)
	return appendItem(dst, kindDigest, d.Append(content))
}

// parseDigest reads the content of a digest.
func parseDigest(b []byte) (member string, d federation.Digest, err error) {
	if len(b) == 0 || b[0] == 0 || b[0] > maxPeerName || len(b) < 1+int(b[0]) {
		return "", d, errEnvelope
	}
	member, b = string(b[1:1+b[0]]), b[1+b[0]:]
	d, err = federation.ParseDigest(b)
	return member, d, err
}

var errEnvelope = errors.New("not an envelope of maillon gossip")

// An item is one part of an envelope, of a kind that is known.
type item struct {
	kind    byte
	content []byte
}

// items yields what is in an envelope. An error is the last it yields; what
// came before it is good. The contents are parts of b.
func items(b []byte) iter.Seq2[item, error] {
	return func(yield func(item, error) bool) {
		if len(b) > maxExchange {
			yield(item{}, errEnvelope)
			return
		}
		for len(b) > 0 {
			if len(b) < itemHead {
				yield(item{}, errEnvelope)
				return
			}
			kind, size := b[0], uint64(binary.BigEndian.Uint32(b[1:itemHead]))
			b = b[itemHead:]
			if size > uint64(len(b)) || kind == kindNote && size > maxNote {
				yield(item{}, errEnvelope)
				return
			}
			content := b[:size:size]
			b = b[size:]
			if (kind == kindNote || kind == kindDigest) && !yield(item{kind, content}, nil) {
				return
			}
		}
	}
}

// state is what a member hands over in an exchange: its notes if they are
// few, else the digest of them, after what the member says of itself, by
// which the other knows where to fetch the difference.
func state(name string, all [][]byte, digest func() federation.Digest, dice int) []byte {
	size := 0
	for _, note := range all {
		size += itemHead + len(note)
	}
	if size <= MaxDirect {
		return exchange(all, dice)
	}
	var own [][]byte
	for _, note := range all {
		if strings.HasPrefix(signerOf(note), "maillon/"+name+"/") {
			own = append(own, note)
		}
	}
	return appendDigest(exchange(own, 0), name, digest())
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

// Name lets the queue find what a note replaces without looking at all it holds.
func (b broadcast) Name() string { return b.signer }

func (b broadcast) Message() []byte { return b.msg }
func (b broadcast) Finished()       {}
