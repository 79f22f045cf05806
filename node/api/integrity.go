package api

import "net/http"

// getIntegrity tells how it stands with every journal that this node knows.
func (s *Server) getIntegrity(w http.ResponseWriter, r *http.Request) error {
	found, err := s.Fed.Integrity(r.Context())
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-cache")
	return writeJSON(w, found)
}
