package publish

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
)

// A Result is what publishing a set did.
type Result struct {
	Dataset string `json:"dataset"` // its id on the platform; "" if a dry run would make it
	Page    string `json:"page,omitempty"`
	Steps   []Step `json:"steps"` // done, or to be done; none if nothing differs
	Bytes   int64  `json:"bytes"` // of files
}

// Look compares a set with what stands on the platform, and changes nothing.
func (c *Client) Look(ctx context.Context, want Set) (Result, error) {
	have, err := c.dataset(ctx, want.ID)
	if err != nil {
		return Result{}, err
	}
	r := Result{Dataset: want.ID, Steps: Decide(have, want)}
	if have != nil {
		r.Page = have.Page
	}
	for _, s := range r.Steps {
		r.Bytes += s.Bytes
	}
	return r, nil
}

// Publish makes the dataset on the platform what it should be. It may be broken off
// at any point and called again: it goes on where it was. made is called with the id
// of a dataset that had to be made, before anything else is done with it; want.ID
// must be that id from then on.
func (c *Client) Publish(ctx context.Context, want Set, made func(id string) error) (Result, error) {
	have, err := c.dataset(ctx, want.ID)
	if err != nil {
		return Result{}, err
	}
	p := publishing{c: c, want: want, result: Result{Dataset: want.ID}}
	if have != nil {
		p.have, p.result.Page = *have, have.Page
	}
	for _, s := range Decide(have, want) {
		if err := p.step(ctx, s, made); err != nil {
			return p.result, err
		}
		p.result.Steps = append(p.result.Steps, s)
		p.result.Bytes += s.Bytes
	}
	return p.result, nil
}

// dataset asks for a dataset; nil if none has an id yet.
func (c *Client) dataset(ctx context.Context, id string) (*Remote, error) {
	if id == "" {
		return nil, nil
	}
	var d Remote
	if err := c.do(ctx, call{method: http.MethodGet, path: "/datasets/" + url.PathEscape(id) + "/", what: "look at dataset " + id, into: &d}); err != nil {
		return nil, err
	}
	if d.Deleted != nil {
		return nil, &RefusedError{Status: http.StatusGone, What: "look at dataset " + id}
	}
	return &d, nil
}

type publishing struct {
	c      *Client
	want   Set
	have   Remote
	result Result
}

func (p *publishing) path() string { return "/datasets/" + url.PathEscape(p.have.ID) + "/" }

func (p *publishing) step(ctx context.Context, s Step, made func(string) error) error {
	switch s.Act {
	case Create:
		err := p.c.do(ctx, call{method: http.MethodPost, path: "/datasets/", what: "make the dataset", json: p.words(), into: &p.have, once: true})
		if err != nil {
			return fmt.Errorf("%w (it may have been made all the same: look on the platform, and if so write its id in the configuration)", err)
		}
		if p.have.ID == "" {
			return errors.New("make the dataset: the platform's answer has no id")
		}
		p.result.Dataset, p.result.Page = p.have.ID, p.have.Page
		return made(p.have.ID)
	case Describe:
		return p.c.do(ctx, call{method: http.MethodPut, path: p.path(), what: "describe the dataset", json: p.words()})
	case Order:
		return p.order(ctx)
	}
	i := slices.IndexFunc(p.want.Files, func(f File) bool { return f.Key == s.Key })
	f := p.want.Files[i]
	switch s.Act {
	case Send:
		r, err := p.c.upload(ctx, p.path()+"upload/", f, func(ctx context.Context) (Resource, bool, error) {
			now, err := p.c.dataset(ctx, p.have.ID)
			if err != nil {
				return Resource{}, false, err
			}
			i := slices.IndexFunc(now.Resources, func(r Resource) bool { return r.is(f) && r.holds(f) })
			if i < 0 {
				return Resource{}, false, nil
			}
			return now.Resources[i], true, nil
		})
		if err == nil && r.ID == "" {
			err = fmt.Errorf("send %s: the platform's answer has no id", f.Key)
		}
		if err == nil {
			p.have.Resources = append([]Resource{r}, p.have.Resources...) // udata puts new ones first
		}
		return err
	case Replace:
		_, err := p.c.upload(ctx, p.path()+"resources/"+url.PathEscape(s.Resource)+"/upload/", f, nil)
		return err
	case Label:
		return p.label(ctx, s.Resource, f)
	}
	return fmt.Errorf("step %q is not known", s.Act)
}

// words describe the dataset.
func (p *publishing) words() map[string]any {
	w := map[string]any{"title": p.want.Title, "description": p.want.Description, "tags": p.want.Tags}
	for name, value := range map[string]string{"frequency": p.want.Frequency, "license": p.want.License} {
		if value != "" {
			w[name] = value
		}
	}
	if p.have.ID == "" && p.want.Organization != "" {
		w["organization"] = map[string]string{"id": p.want.Organization, "class": "Organization"}
	}
	return w
}

// label describes a file. Its marks come last: until they are there it is known by
// its name.
func (p *publishing) label(ctx context.Context, id string, f File) error {
	i := slices.IndexFunc(p.have.Resources, func(r Resource) bool { return id != "" && r.ID == id || id == "" && r.is(f) })
	if i < 0 {
		return fmt.Errorf("describe %s: the platform did not keep it", f.Key)
	}
	r := p.have.Resources[i]
	extras := map[string]any{}
	for k, v := range r.Extras {
		extras[k] = v
	}
	extras[markKey], extras[markSum] = f.Key, f.SHA256
	w := map[string]any{
		"title": f.Title, "description": f.Description, "format": f.Format, "mime": f.MediaType, "type": "main", "filetype": "file", "extras": extras,
	}
	if f.Schema != "" {
		w["schema"] = map[string]string{"url": f.Schema}
	}
	return p.c.do(ctx, call{method: http.MethodPut, path: p.path() + "resources/" + url.PathEscape(r.ID) + "/", what: "describe " + f.Key, json: w})
}

// order puts our files first, in their order, and leaves the others as they stand.
// All must be named, as they are now.
func (p *publishing) order(ctx context.Context) error {
	now, err := p.c.dataset(ctx, p.have.ID)
	if err != nil {
		return err
	}
	var ids []map[string]string
	named := map[string]bool{}
	add := func(id string) {
		if !named[id] {
			named[id] = true
			ids = append(ids, map[string]string{"id": id})
		}
	}
	for _, f := range p.want.Files {
		if i := slices.IndexFunc(now.Resources, f.in); i >= 0 {
			add(now.Resources[i].ID)
		}
	}
	for _, r := range now.Resources {
		add(r.ID)
	}
	return p.c.do(ctx, call{method: http.MethodPut, path: p.path() + "resources/", what: "order the files", json: ids})
}
