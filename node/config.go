package node

import (
	"time"

	"maillon/catalog"
	"maillon/catalog/territory"
	"maillon/catalog/texts"
	"maillon/node/api"
	"maillon/node/edition"
	"maillon/node/harvester"
	"maillon/node/mail"
	"maillon/node/outlet"
)

// A Config is a checked configuration: [ReadConfig] makes it from a file,
// and nothing after it needs to check again.
type Config struct {
	ID        territory.NodeID
	Name      string // of the body that runs the node
	Level     territory.Level
	Territory territory.Geozone
	Contact   string      // e-mail shown in the catalogue and the register
	Box       catalog.Box // rectangle around the territory; zero for none

	URL string // base of its public IRIs, chosen once, without trailing slash
	// Address is where others reach it: URL, another server that URL leads to,
	// or its hub's https://HUB/n/ID.
	Address string
	Data    string // folder of everything the node keeps
	Lang    texts.Lang

	Listen string // public HTTP
	Admin  string // admin actions; keep it on loopback
	Front  FrontConfig

	Deposits   DepositsConfig
	Validate   ValidateConfig
	Federation FederationConfig
	Sources    []harvester.Config // foreign catalogues to harvest
	Outlet     outlet.Config      // what is published on a udata platform
	Backup     BackupConfig
	Editions   edition.Keep // how long dated editions of a hub's datasets are kept
	Toolbox    ToolboxConfig
	Targets    []api.Target // what buyers have set themselves for a year
	Site       SiteConfig   // how the pages look, and what the law asks them to say
	Mail       mail.Config  // the server that sends this node's mail
	Alerts     AlertsConfig
	Log        LogConfig

	// Now is the node's clock; nil is time.Now. No file sets it: tests of
	// clocks that are wrong do.
	Now func() time.Time
}

// ToolboxConfig says where the boîte à outils is.
type ToolboxConfig struct {
	Dir string // the operator's folder; "" for what the program holds, on hubs
}

// ValidateConfig bounds the validation service.
type ValidateConfig struct {
	MaxBytes int64 // of one file, as received and after decompression
}

// DepositsConfig says how pivot files come in.
type DepositsConfig struct {
	TokenFile string // one token a line; made at first start if absent
	Inbox     string // watched folder; "" for none
	Strict    bool   // publication: stricte keeps what is not conforming out of the journal
	MaxBytes  int64  // of one deposit, as received and after decompression
}

// FederationConfig says whom the node joins and what it hosts.
type FederationConfig struct {
	AllowPrivate bool          // follow nodes at private addresses (demonstrations, closed networks)
	Debounce     time.Duration // quiet time before a new head is announced or stated
	FollowEvery  time.Duration // how often a mirror is checked without an announcement
	OrphanAfter  time.Duration // how long a hub may be silent before the level above serves its members
	Join         *PoolConfig   // the pool of the hub above; nil at the top
	Hub          *HubConfig    // nil if this node admits no members
	Roots        []string      // verifier keys of the national root; none: no charter is believed
	CharterFile  string        // the node's own chain of charters
	// ConfirmHead makes the node ask its hub, at each start, how far its
	// journal had come, before it signs anything new: a restored copy must
	// not fork what it signed before.
	ConfirmHead bool
}

// A PoolConfig is one gossip pool.
type PoolConfig struct {
	Hub       string   // node id of the pool's hub: it names the pool
	HubKey    string   // verifier key of that hub; "" trusts the first one met
	Bind      string   // IP to listen on
	Port      int      // TCP and UDP
	Advertise string   // host or IP that the others reach; "" is found from Bind
	Peers     []string // host:port of members to join through
	Key       []byte   // 32 bytes, the pool's fence; nil for none
	Keys      [][]byte // further keys, read while one replaces another
	KeyFile   string   // where they stand; "" for none
	Profile   string   // wan, or local for one machine

	URL   string // public base of the hub; "" is learnt from the pool
	Light bool   // no gossip: this node only makes connections, to the hub
	AtHub bool   // storage: hub; the hub stores and serves this node's journal and files
}

// HubConfig is what a chef de file adds.
type HubConfig struct {
	Pool  PoolConfig
	Quota int64 // bytes that the journal of a member may take that stores it here
	// Open accepts every node whose territory lies inside this hub's without
	// asking anyone: for demonstrations. Otherwise an unknown node is pending
	// until `maillon members accept`.
	Open bool
	// ByCharter accepts every node whose chain of charters holds.
	ByCharter bool
	Authority *AuthorityConfig // nil if the hub issues no charters
}

// LogConfig says how the node logs.
type LogConfig struct {
	Level string // debug, info, warn, error
	JSON  bool
}
