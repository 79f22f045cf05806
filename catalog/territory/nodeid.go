package territory

import (
	"fmt"
	"strconv"
	"strings"
)

// maxNodes bounds how many nodes one body may run.
const maxNodes = 999

// A NodeID identifies a node: the SIRET of the body that runs it, followed by
// "-2", "-3"… up to "-999" for the further nodes of that body. The zero value
// is "none"; any other value has passed [ParseNodeID].
type NodeID struct {
	siret   SIRET
	further uint16 // 0 for the first node, otherwise 2 to maxNodes
}

// ParseNodeID checks s. There is one way to write an id: "-1", "-02" and "-0"
// are refused, so that equal ids are equal texts.
func ParseNodeID(s string) (NodeID, error) {
	siret, rest, found := strings.Cut(s, "-")
	id, err := ParseSIRET(siret)
	if err != nil {
		return NodeID{}, fmt.Errorf("node id %q: %w", shown(s), err)
	}
	if !found {
		return NodeID{siret: id}, nil
	}
	n, err := strconv.ParseUint(rest, 10, 16)
	if err != nil || n < 2 || n > maxNodes || strconv.FormatUint(n, 10) != rest {
		return NodeID{}, fmt.Errorf("node id %q ends in %q, want nothing or a number from 2 to %d", shown(s), "-"+shown(rest), maxNodes)
	}
	return NodeID{siret: id, further: uint16(n)}, nil
}

// FirstNode is the id of the first node of a body.
func FirstNode(body SIRET) NodeID { return NodeID{siret: body} }

// String is the text that [ParseNodeID] reads, or "" for the zero value. It
// needs no escaping in a path, a query or a file name.
func (id NodeID) String() string {
	if id.further == 0 {
		return id.siret.String()
	}
	return id.siret.String() + "-" + strconv.Itoa(int(id.further))
}

// IsZero reports whether id is "none".
func (id NodeID) IsZero() bool { return id == NodeID{} }

// SIRET is the body that runs the node.
func (id NodeID) SIRET() SIRET { return id.siret }

// MarshalText writes what String gives.
func (id NodeID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText checks as [ParseNodeID] does; the empty text is the zero value.
func (id *NodeID) UnmarshalText(text []byte) error { return unmarshal(id, text, ParseNodeID) }
