package authority

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"maillon/catalog/territory"
	"maillon/federation"
	"maillon/store"
)

// Limits.
const (
	MaxDays    = 90     // of an invitation
	MaxBulk    = 10_000 // lines of a list
	maxPending = 50_000 // invitations kept
)

// An Ask is whom to invite.
type Ask struct {
	Geozone   string          `json:"geozone"`
	SIRET     string          `json:"siret,omitempty"`
	Level     string          `json:"level,omitempty"` // "": the geozone's
	Name      string          `json:"name,omitempty"`  // "": the geozone's
	Publishes []string        `json:"publishes,omitempty"`
	Role      federation.Role `json:"role,omitempty"` // "": node
	Days      int             `json:"days,omitempty"` // 0: 14
}

// check fills in what follows from the rest.
func (k Ask) check() (Ask, error) {
	zone, err := territory.ParseGeozone(k.Geozone)
	if err != nil {
		return k, fmt.Errorf("for: %w", err)
	}
	if k.SIRET != "" && !territory.IsSIRET(k.SIRET) {
		return k, fmt.Errorf("siret: %q is no SIRET (14 digits with their check digits)", k.SIRET)
	}
	k.Geozone = zone.String()
	if k.Level == "" {
		k.Level = string(zone.Level())
		if k.SIRET != "" && Seat(k.SIRET) != k.Geozone && k.Role != federation.RoleHub {
			k.Level = string(territory.Organisme) // it is not the territory's own body
		}
	}
	if _, err := territory.ParseLevel(k.Level); err != nil {
		return k, fmt.Errorf("level: %w", err)
	}
	if k.Role == "" {
		k.Role = federation.RoleNode
	}
	if k.Days == 0 {
		k.Days = int(federation.InviteLife.Hours() / 24)
	}
	switch {
	case k.Days < 1 || k.Days > MaxDays:
		return k, fmt.Errorf("days: %d, want 1 to %d", k.Days, MaxDays)
	case k.Role != federation.RoleNode && k.Role != federation.RoleHub:
		return k, fmt.Errorf("role: %q, want node or hub", k.Role)
	case k.SIRET == "" && k.Level == string(territory.Organisme):
		return k, errors.New("siret: an organisme is known by its SIRET: add --siret")
	case k.SIRET == "" && !bodyKnown(zone):
		return k, fmt.Errorf("siret: the geographic code does not know the body of %s: add --siret", k.Geozone)
	}
	return k, nil
}

// bodyKnown reports whether a territory's own body can be told by its SIREN.
func bodyKnown(zone territory.Geozone) bool {
	if zone.Level() == territory.Commune {
		m, ok := territory.CommuneByCode(zone.Code())
		return ok && m.SIREN != ""
	}
	return zone.Level() != territory.National
}

// Seat is the geozone of the body of a SIRET, "" if it is none that stands
// for a territory.
func Seat(siret string) string {
	b, ok := territory.BySIREN(siret[:min(9, len(siret))])
	if !ok {
		return ""
	}
	return b.Geozone.String()
}

// An Invited is an invitation that was just made: the string is shown once
// and not kept.
type Invited struct {
	federation.Invitation
	String string `json:"string"`
}

// Invite makes one invitation for each ask, all or none. hub is the address
// that the strings name. allowed checks the charter that each may become.
func (f *Office) Invite(by Operator, hub string, asks []Ask, allowed func(federation.Charter) error) ([]Invited, error) {
	if f.Key() == "" {
		return nil, errors.New("this hub has no authority key: set federation.hub.authority in its configuration, see configs/region.yaml")
	}
	if len(asks) == 0 || len(asks) > MaxBulk {
		return nil, fmt.Errorf("%d invitations, want 1 to %d at once", len(asks), MaxBulk)
	}
	out := make([]Invited, 0, len(asks))
	for i, k := range asks {
		v, err := f.invite(by, hub, k, allowed)
		if err != nil {
			return nil, fmt.Errorf("invitation %d (%s %s): %w", i+1, k.Geozone, k.SIRET, err)
		}
		out = append(out, v)
	}
	return out, f.db.Update(func(tx store.Tx) error { return f.keep(tx, by, out) })
}

func (f *Office) invite(by Operator, hub string, k Ask, allowed func(federation.Charter) error) (v Invited, err error) {
	if k, err = k.check(); err != nil {
		return v, err
	}
	s := federation.Invite{Hub: hub, Authority: federation.FingerprintOf(f.Key()), Geozone: k.Geozone, SIRET: k.SIRET}
	_, _ = rand.Read(s.Token[:]) // never fails (crypto/rand)
	now := seconds(f.now())
	v.Invitation = federation.Invitation{
		Token: federation.HashToken(s.Token[:]), Geozone: k.Geozone, SIRET: k.SIRET, Role: k.Role, Level: k.Level, Name: k.Name,
		Publishes: k.Publishes, By: by.Name, At: now, Expires: now.Add(time.Duration(k.Days) * 24 * time.Hour),
	}
	if v.String, err = s.Format(); err != nil {
		return v, err
	}
	if allowed == nil {
		return v, nil
	}
	c := charterFor(v.Invitation, federation.Request{Node: k.SIRET, Name: k.Name})
	if c.Node == "" {
		c.Node = "00000000000000" // nobody's: only the territory is checked
	}
	return v, allowed(c)
}

// keep writes invitations, after throwing out those that nobody can use.
func (f *Office) keep(tx store.Tx, by Operator, fresh []Invited) error {
	b := tx.Bucket(bucket, "invitations")
	var old [][]byte
	n := 0
	for key, raw := range b.Ascend(nil) {
		var v federation.Invitation
		if err := json.Unmarshal(raw, &v); err != nil {
			return err
		}
		if n++; f.now().Sub(v.Expires) > CharterLife {
			old = append(old, bytes.Clone(key))
		}
	}
	for _, key := range old {
		if err := b.Delete(key); err != nil {
			return err
		}
	}
	if n-len(old)+len(fresh) > maxPending {
		return fmt.Errorf("%d invitations are kept, at most %d: withdraw those that are not needed", n-len(old), maxPending)
	}
	for _, v := range fresh {
		if err := putJSON(b, v.Token, v.Invitation); err != nil {
			return err
		}
		if err := f.record(tx, by, "invite", strings.TrimSpace(v.Geozone+" "+v.SIRET), "until "+v.Expires.Format(time.DateOnly)); err != nil {
			return err
		}
	}
	return nil
}

// Invitations lists those that are kept.
func (f *Office) Invitations() (out []federation.Invitation, err error) {
	err = f.db.View(func(tx store.Tx) error {
		for _, raw := range tx.Bucket(bucket, "invitations").Ascend(nil) {
			var v federation.Invitation
			if err := json.Unmarshal(raw, &v); err != nil {
				return err
			}
			out = append(out, v)
		}
		return nil
	})
	return out, err
}

// Knows returns an error that is [federation.ErrInviteUnknown] if no such
// invitation is kept.
func (f *Office) Knows(token []byte) error {
	return f.db.View(func(tx store.Tx) error {
		if tx.Bucket(bucket, "invitations").Get([]byte(federation.HashToken(token))) == nil {
			return unknownInvitation()
		}
		return nil
	})
}

func unknownInvitation() error {
	return fmt.Errorf("%w: it was withdrawn, or made long ago; ask the hub for another", federation.ErrInviteUnknown)
}

// Withdraw makes an invitation worthless, named by the beginning of its hash.
func (f *Office) Withdraw(by Operator, token string) error {
	return f.db.Update(func(tx store.Tx) error {
		b := tx.Bucket(bucket, "invitations")
		if len(token) != 64 || b.Get([]byte(token)) == nil {
			return fmt.Errorf("invitation %.12s: %w", token, store.ErrNotFound)
		}
		if err := b.Delete([]byte(token)); err != nil {
			return err
		}
		return f.record(tx, by, "withdraw-invitation", token[:12], "")
	})
}

// charterFor is the charter that an invitation becomes.
func charterFor(v federation.Invitation, r federation.Request) federation.Charter {
	c := federation.Charter{Node: r.Node, Key: r.Key, Role: v.Role, Level: v.Level, Territory: v.Geozone, Publishes: v.Publishes}
	if v.Role == federation.RoleHub {
		c.Authority = r.Authority
	}
	return c
}

// Redeem gives a charter for an invitation. root is the root that the hub
// stands under; allowed checks what would be signed. The same node and key
// get the same charter again. The errors are those of
// [federation.Invitation.Redeem], and [ErrWaits].
func (f *Office) Redeem(r federation.Request, root string, allowed func(federation.Charter) error) (raw []byte, err error) {
	err = f.db.Update(func(tx store.Tx) error {
		b := tx.Bucket(bucket, "invitations")
		token := federation.HashToken(r.Token)
		var v federation.Invitation
		known, err := getJSON(b, token, &v)
		if err != nil {
			return err
		}
		if !known {
			return unknownInvitation()
		}
		now := f.now()
		if err := v.Redeem(r.Node, r.Key, now, Seat); err != nil {
			return err
		}
		if raw, err = f.again(tx, v, r); err != nil || raw != nil || v.UsedBy != "" {
			return err
		}
		c := charterFor(v, r)
		c.Root = root
		if v.Role == federation.RoleHub && r.Authority == "" {
			return errors.New("the invitation is for a hub: the request names no authority key (run maillon join again with this version)")
		}
		if allowed != nil {
			if err := allowed(c); err != nil {
				return err
			}
		}
		if raw, err = f.issue(tx, c); err != nil {
			return err
		}
		v.UsedBy, v.UsedKey, v.UsedAt = r.Node, r.Key, seconds(now)
		if err := putJSON(b, token, v); err != nil {
			return err
		}
		return f.record(tx, Operator{Name: r.Node, Role: Self}, "join", r.Node, "invited by "+v.By)
	})
	if err == nil && raw == nil {
		err = fmt.Errorf("charter of %s %w", r.Node, ErrWaits)
	}
	return raw, err
}

// again finds the charter that this invitation gave before.
func (f *Office) again(tx store.Tx, v federation.Invitation, r federation.Request) ([]byte, error) {
	if v.UsedBy == "" {
		return nil, nil
	}
	raw := bytes.Clone(tx.Bucket(bucket, "charters").Get([]byte(r.Node)))
	if raw == nil {
		return nil, nil // still a draft
	}
	c, err := federation.OpenCharter(raw)
	if err != nil {
		return nil, err
	}
	if c.Key != r.Key {
		return nil, fmt.Errorf("%w: %s has another key since; ask the hub for another", federation.ErrInviteUsed, r.Node)
	}
	return raw, nil
}
