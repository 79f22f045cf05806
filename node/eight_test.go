package node

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"maillon/federation"
)

// siret makes a valid SIRET from a number.
func siret(i int) string {
	siren := luhn(fmt.Sprintf("9%07d", i))
	return luhn(siren + "0001")
}

// luhn adds the digit that makes a number pass its check.
func luhn(s string) string {
	sum := 0
	for i := range len(s) {
		d := int(s[len(s)-1-i] - '0')
		if i%2 == 0 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return s + fmt.Sprint((10-sum%10)%10)
}

// manyAnnouncements are those of n communes that a hub does not know.
func manyAnnouncements(tb testing.TB, n int, now time.Time) [][]byte {
	tb.Helper()
	out := make([][]byte, n)
	var g errgroup.Group
	g.SetLimit(2)
	for i := range out {
		g.Go(func() error {
			id := siret(i)
			secret, key, err := federation.GenerateKey(id, 0)
			if err != nil {
				return err
			}
			signer, _, err := federation.NewSigner(secret, id, 0)
			if err != nil {
				return err
			}
			at := now.UTC().Truncate(time.Second)
			out[i], err = federation.Sign(signer, federation.Announcement{
				Node: id, Key: key, Seq: uint64(at.Unix()), At: at, Expires: at.Add(24 * time.Hour), Level: "commune", Geozone: "fr:commune:35238", Name: fmt.Sprint("Commune ", i),
				URL: "http://127.0.0.1:1/" + id, Role: federation.RoleNode, Root: make([]byte, 32), Status: federation.Active,
			})
			return err
		})
	}
	if err := g.Wait(); err != nil {
		tb.Fatal(err)
	}
	return out
}

// A region, or with MAILLON_LARGE the whole country, wakes at eight: every
// announcement is taken and kept, and a second telling of the same costs little.
func TestEveryoneWakesAtEight(t *testing.T) {
	n := 500
	if os.Getenv("MAILLON_LARGE") != "" {
		n = 35_000
	}
	hub := alone(t, hubID, "")
	hub.stop()
	hub.config = strings.Replace(hub.config, "profile: local}", "profile: local, admission: open}", 1)
	*hub = *start(t, hub.dir, hub.config)
	notes := manyAnnouncements(t, n, time.Now())
	take := func() time.Duration {
		begin := time.Now()
		var g errgroup.Group
		g.SetLimit(64)
		for _, raw := range notes {
			g.Go(func() error {
				if d, _ := hub.node.below.take(raw); d.Status != federation.Accepted {
					return fmt.Errorf("%+v", d)
				}
				return nil
			})
		}
		if err := g.Wait(); err != nil {
			t.Fatal(err)
		}
		return time.Since(begin)
	}
	first, again := take(), take()
	t.Logf("%d announcements taken, kept and admitted in %s (%.0f a second), again in %s", n, first.Round(time.Millisecond), float64(n)/first.Seconds(), again.Round(time.Millisecond))
	eventually(t, "every member is stated", func() error {
		rows, err := hub.node.views.Members()
		if len(rows) < n {
			return fmt.Errorf("%d of %d, %v", len(rows), n, err)
		}
		return err
	})
	hub.restart()
	for _, i := range []int{0, n / 2, n - 1} {
		if a, ok := hub.node.below.announcement(siret(i)); !ok || a.Name != fmt.Sprint("Commune ", i) {
			t.Errorf("after a restart announcement %d is %+v, %v", i, a, ok)
		}
	}
}
