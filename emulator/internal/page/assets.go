// SPDX-License-Identifier: MIT

package page

import (
	"crypto/sha256"
	_ "embed" // for the files
	"encoding/hex"
	"net/http"
)

// The paths of the page. Everything but the page itself is below Folder.
const (
	Path        = "/"
	Folder      = "/_page/"
	EventsPath  = Folder + "events"  // what makes the script get the page again
	ActionsPath = Folder + "actions" // where forms are sent
)

// Asset is a file of the page.
type Asset struct {
	Type string
	Body []byte
}

var (
	//go:embed page.css
	pageStyle []byte
	//go:embed page.js
	pageScript []byte

	// assets are the files below Folder. Their names change with their content, so that browsers
	// can keep them.
	assets = map[string]Asset{
		stylePath:  {"text/css; charset=utf-8", pageStyle},
		scriptPath: {"text/javascript; charset=utf-8", pageScript},
	}
	stylePath  = Folder + "page-" + versionOf(pageStyle) + ".css"
	scriptPath = Folder + "page-" + versionOf(pageScript) + ".js"
)

func versionOf(content []byte) string {
	hash := sha256.Sum256(content)
	return hex.EncodeToString(hash[:6])
}

// FindAsset returns the file at a path.
func FindAsset(path string) (asset Asset, found bool) {
	asset, found = assets[path]
	return asset, found
}

// policy allows the files of the page, requests to the server that the page comes from, and nothing
// else: no inline script or style, no image, no frame.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// Header returns the headers of the page.
func Header() http.Header {
	h := security()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", policy)
	h.Set("Cache-Control", "no-store")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	// With no-referrer, browsers would send forms with Origin: null.
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Frame-Options", "DENY")
	return h
}

// Header returns the headers of a file.
func (a Asset) Header() http.Header {
	h := security()
	h.Set("Content-Type", a.Type)
	h.Set("Cache-Control", "private, max-age=31536000, immutable")
	return h
}

func security() http.Header {
	return http.Header{
		"Cross-Origin-Resource-Policy": {"same-origin"},
		"X-Content-Type-Options":       {"nosniff"},
	}
}
