package api

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/httpx"
)

func (s *Server) backups(api huma.API) {
	handle(s, api, get("/backup", "backup", ScopeBackup, "Back up the store",
		"Streams a consistent copy of everything, while others read and write."),
		func(ctx context.Context, _ *struct{}) (*huma.StreamResponse, error) {
			if callerOf(ctx).Org != 0 {
				return nil, directory.Errorf(directory.Forbidden, "A backup holds every organization; this token is limited to one.")
			}
			return &huma.StreamResponse{Body: func(hc huma.Context) {
				hc.SetHeader("Content-Type", "application/octet-stream")
				n, err := s.Store.Backup(ctx, hc.BodyWriter())
				if err == nil {
					return
				}
				s.Log.Error("backup broke off", slog.Int64("bytes", n), slog.String("request_id", httpx.RequestID(ctx)), slog.Any("err", err))
				panic(http.ErrAbortHandler) // cuts the connection, so that nobody takes a part for the whole
			}}, nil
		})
}
