package node

import (
	"fmt"
	"os"
	"runtime/metrics"
	"time"

	"maillon/node/backup"
	"maillon/node/doctor"
)

// measure adds what tells an operator from outside whether the node is well.
func (n *Node) measure(all map[string]uint64) {
	all["maillon_journal_entries"] = n.own.Size()
	all["maillon_start_time_seconds"] = uint64(n.began.Unix())
	all["maillon_ready"] = 0
	if n.ready() == nil {
		all["maillon_ready"] = 1
	}
	for _, code := range doctor.WaitCodes {
		all[metric("maillon_waits", "for", code)] = 0
	}
	for _, w := range n.standing().waits() {
		all[metric("maillon_waits", "for", w.Code)] = 1
	}
	if t, err := n.views.Totals(); err == nil {
		all["maillon_contracts"] = uint64(t.Contracts)
		all[metric("maillon_records", "state", "conforming")] = uint64(t.Conforming)
		all[metric("maillon_records", "state", "to-correct")] = uint64(t.ToCorrect)
		all["maillon_conflicts"] = uint64(t.Conflicts)
	}
	for _, outcome := range []string{"accepted", "rejected"} {
		key := metric("maillon_deposits_total", "outcome", outcome)
		all[key] += 0 // there from the start
	}
	for name, file := range map[string]string{"journals": "maillon.db", "views": "views.db"} {
		if st, err := os.Stat(n.path(file)); err == nil {
			all[metric("maillon_store_bytes", "file", name)] = uint64(st.Size())
		}
	}
	if d := diskOf(n.cfg.Data); d != nil {
		all["maillon_disk_free_bytes"] = d.Free
	}
	if n.cfg.Backup.Dir != "" {
		age := n.now().Sub(n.began) // none was made since the start
		if made, err := backup.Made(n.cfg.Backup.Dir); err == nil && len(made) > 0 {
			age = n.now().Sub(made[len(made)-1])
		}
		all["maillon_backup_age_seconds"] = uint64(max(age, 0) / time.Second)
	}
	if n.editions != nil {
		all["maillon_edition_failures"] = uint64(n.editions.Trouble().Tries) // in a row; 0: the last one was made
	}
	n.measureHTTP(all)
	n.measureLag(all)
	sample := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}, {Name: "/sched/goroutines:goroutines"}}
	metrics.Read(sample)
	all["maillon_memory_bytes"] = sample[0].Value.Uint64() - sample[1].Value.Uint64()
	all["maillon_goroutines"] = sample[2].Value.Uint64()
}

func (n *Node) measureHTTP(all map[string]uint64) {
	c := n.front.Counts()
	for class, count := range c.Answers {
		if class >= 2 {
			all[metric("maillon_http_answers_total", "class", fmt.Sprintf("%dxx", class))] = count
		}
	}
	all["maillon_http_limited_total"] = c.Limited
	all["maillon_http_open"] = uint64(max(c.Open, 0))
	all["maillon_http_busy_milliseconds_total"] = uint64(c.Busy / time.Millisecond)
}

// measureLag tells of each member that is followed how many entries its mirror lacks.
func (n *Node) measureLag(all map[string]uint64) {
	nodes, err := fedView{n}.Nodes()
	if err != nil {
		return
	}
	for _, s := range nodes {
		if s.State == Accepted && s.ID != n.cfg.ID.String() {
			lag := uint64(0)
			if s.Announced > s.Mirrored {
				lag = s.Announced - s.Mirrored
			}
			all[metric("maillon_follow_lag_entries", "node", s.ID)] = lag
		}
	}
}
