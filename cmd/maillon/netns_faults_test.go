//go:build netns && linux

package main

import (
	"encoding/binary"
	"net/netip"
	"os"
	"testing"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// A cut says which packets are dropped. The zero value drops all.
type cut struct {
	from    string // only those of this address; "" is any
	udp     bool   // only UDP
	percent uint32 // this share of them, at random; 0 is all
	out     bool   // those that leave instead of those that come
}

// firewall talks to the packet filter of a node's namespace.
func firewall(t *testing.T, name string) (*nftables.Conn, func()) {
	t.Helper()
	ns, err := os.Open("/run/netns/" + nsPrefix + name)
	if err != nil {
		t.Fatal(err)
	}
	c, err := nftables.New(nftables.WithNetNSFd(int(ns.Fd())))
	if err != nil {
		t.Fatal(err)
	}
	return c, func() { _ = ns.Close() }
}

// cutOff puts the cuts into force in a node's namespace, in place of those
// before. The test's own address is exempt.
func (f *fed) cutOff(role string, cuts ...cut) {
	f.mend(role)
	c, done := firewall(f.t, role)
	defer done()
	table := c.AddTable(&nftables.Table{Family: nftables.TableFamilyIPv4, Name: "faults"})
	chains := map[bool]*nftables.Chain{
		false: c.AddChain(&nftables.Chain{Name: "in", Table: table, Type: nftables.ChainTypeFilter, Hooknum: nftables.ChainHookInput, Priority: nftables.ChainPriorityFilter}),
		true:  c.AddChain(&nftables.Chain{Name: "out", Table: table, Type: nftables.ChainTypeFilter, Hooknum: nftables.ChainHookOutput, Priority: nftables.ChainPriorityFilter}),
	}
	for out, chain := range chains {
		key, offset := expr.MetaKeyIIFNAME, uint32(12)
		if out {
			key, offset = expr.MetaKeyOIFNAME, 16
		}
		pass := &expr.Verdict{Kind: expr.VerdictAccept}
		c.AddRule(&nftables.Rule{Table: table, Chain: chain, Exprs: append(address(control, offset), pass)})
		lo := append([]byte("lo"), make([]byte, 14)...)
		c.AddRule(&nftables.Rule{Table: table, Chain: chain, Exprs: []expr.Any{
			&expr.Meta{Key: key, Register: 1}, &expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: lo}, pass,
		}})
	}
	for _, k := range cuts {
		c.AddRule(&nftables.Rule{Table: table, Chain: chains[k.out], Exprs: k.exprs()})
	}
	if err := c.Flush(); err != nil {
		f.t.Fatalf("cut the network of %s: %v", role, err)
	}
}

// mend ends the cuts of a node, and adds up what they dropped.
func (f *fed) mend(role string) {
	c, done := firewall(f.t, role)
	defer done()
	tables, err := c.ListTablesOfFamily(nftables.TableFamilyIPv4)
	if err != nil {
		f.t.Fatal(err)
	}
	for _, t := range tables {
		if t.Name == "faults" {
			f.dropped += counted(f.t, c, t, func(n *expr.Counter) uint64 { return n.Packets })
			c.DelTable(t)
		}
	}
	if err := c.Flush(); err != nil {
		f.t.Fatalf("mend the network of %s: %v", role, err)
	}
}

// address matches an IPv4 address at an offset of the header: 12 is the source.
func address(addr string, offset uint32) []expr.Any {
	ip := netip.MustParseAddr(addr).As4()
	return []expr.Any{
		&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseNetworkHeader, Offset: offset, Len: 4},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: ip[:]},
	}
}

func (k cut) exprs() (e []expr.Any) {
	if k.from != "" {
		e = append(e, address(k.from, 12)...)
	}
	if k.udp {
		e = append(e, &expr.Meta{Key: expr.MetaKeyL4PROTO, Register: 1}, &expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: []byte{unix.IPPROTO_UDP}})
	}
	if k.percent > 0 {
		e = append(e, &expr.Numgen{Register: 1, Modulus: 100, Type: unix.NFT_NG_RANDOM},
			&expr.Byteorder{SourceRegister: 1, DestRegister: 1, Op: expr.ByteorderHton, Len: 4, Size: 4},
			&expr.Cmp{Op: expr.CmpOpLt, Register: 1, Data: binary.BigEndian.AppendUint32(nil, k.percent)})
	}
	return append(e, &expr.Counter{}, &expr.Verdict{Kind: expr.VerdictDrop})
}

// meter begins to count the bytes of a node's network, but those of the test.
func (f *fed) meter(role string) {
	c, done := firewall(f.t, role)
	defer done()
	table := c.AddTable(&nftables.Table{Family: nftables.TableFamilyIPv4, Name: "meter"})
	for _, way := range []struct {
		hook   *nftables.ChainHook
		offset uint32
	}{{nftables.ChainHookInput, 12}, {nftables.ChainHookOutput, 16}} {
		chain := c.AddChain(&nftables.Chain{
			Name: map[uint32]string{12: "in", 16: "out"}[way.offset], Table: table, Type: nftables.ChainTypeFilter,
			Hooknum: way.hook, Priority: nftables.ChainPriorityRef(*nftables.ChainPriorityFilter - 1),
		})
		c.AddRule(&nftables.Rule{Table: table, Chain: chain, Exprs: append(address(control, way.offset), &expr.Verdict{Kind: expr.VerdictAccept})})
		c.AddRule(&nftables.Rule{Table: table, Chain: chain, Exprs: []expr.Any{&expr.Counter{}}})
	}
	if err := c.Flush(); err != nil {
		f.t.Fatalf("count the traffic of %s: %v", role, err)
	}
}

// traffic is how many bytes came to a node and left it since meter.
func (f *fed) traffic(role string) uint64 {
	c, done := firewall(f.t, role)
	defer done()
	table := &nftables.Table{Family: nftables.TableFamilyIPv4, Name: "meter"}
	return counted(f.t, c, table, func(n *expr.Counter) uint64 { return n.Bytes })
}

// counted adds up the counters of a table's two chains.
func counted(t *testing.T, c *nftables.Conn, table *nftables.Table, of func(*expr.Counter) uint64) (sum uint64) {
	for _, name := range []string{"in", "out"} {
		rules, err := c.GetRules(table, &nftables.Chain{Name: name, Table: table})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rules {
			for _, e := range r.Exprs {
				if n, ok := e.(*expr.Counter); ok {
					sum += of(n)
				}
			}
		}
	}
	return sum
}
