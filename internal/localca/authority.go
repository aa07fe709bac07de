// SPDX-License-Identifier: MIT

// Package localca is a certificate authority for TLS servers on this machine: it is created once,
// kept in a folder, and limited by name constraints, so that trusting it does not mean trusting it
// for other hosts.
package localca

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"
)

// An authority is a folder of its own, so that both files appear in one step: the rename of that
// folder.
const (
	authorityFolder          = "ca"
	authorityCertificateName = "arr-emulator-ca.crt"
	authorityKeyName         = "arr-emulator-ca.key"
	authorityYears           = 10
	authorityOrganization    = "Azure Remote Rendering emulator"
	maxAuthorityFile         = 64 << 10
	clockTolerance           = time.Hour // how far the clock of a client may be behind
)

// Authority is a certificate authority for servers on this machine. Get one with [Open]. It is safe
// for concurrent use.
//
// Critical name constraints limit its certificate to the domains it was made for, localhost, and
// the loopback addresses 127.0.0.0/8 and ::1, and to TLS servers. Printing an Authority shows the
// path of its certificate, never the key.
type Authority struct {
	certificateFile string
	certificate     *x509.Certificate
	key             *ecdsa.PrivateKey
	leafs           leafCache
}

// Open returns the certificate authority that is kept in the folder dir, and creates it if there is
// none: an ECDSA P-256 key that only the user can read, and a certificate that is valid for 10
// years for the given domains and everything below them. The names at and below localhost and the
// loopback addresses are always included. A missing folder is created, for the user alone. Several
// processes may call Open at once: all get the same authority.
//
// It is an error if a domain is malformed, is a top-level domain, or is one that the kept authority
// is not for; if others can write to the folder or read the key (not checked on Windows); if the
// authority has expired or is not valid yet; and if a file is missing, damaged, or does not belong
// to the other. The error says what to do. Nothing is ever replaced.
func Open(dir string, domains ...string) (*Authority, error) {
	domains, err := checkDomains(domains)
	if err != nil {
		return nil, err
	}
	if dir == "" {
		return nil, errors.New("the certificate authority needs a folder: give its path")
	}
	// The path is shown to programs with other working directories.
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, fmt.Errorf(
			"cannot find the folder of the certificate authority: %w",
			err,
		)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf(
			"cannot make a folder for the certificate authority: %w",
			err,
		)
	}
	folder := filepath.Join(dir, authorityFolder)
	if _, err := os.Lstat(folder); errors.Is(err, fs.ErrNotExist) {
		if err := checkFolder(dir); err != nil {
			return nil, err
		}
		if err := createAuthority(folder, domains); err != nil {
			return nil, fmt.Errorf("cannot make a certificate authority: %w", err)
		}
	}
	for _, parent := range []string{dir, folder} {
		if err := checkFolder(parent); err != nil {
			return nil, err
		}
	}
	return loadAuthority(folder, domains)
}

// CertificateFile returns the absolute path of the file with the authority's certificate, in PEM:
// what clients have to trust.
func (a *Authority) CertificateFile() string { return a.certificateFile }

// CertPool returns a new pool with the authority's certificate and no other, for
// [crypto/tls.Config.RootCAs] of a client.
func (a *Authority) CertPool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.certificate)
	return pool
}

// Format implements [fmt.Formatter]: whatever the verb, it prints where the certificate is, and
// never the key.
func (a *Authority) Format(f fmt.State, _ rune) {
	if a == nil {
		_, _ = io.WriteString(f, "localca.Authority(nil)")
		return
	}
	_, _ = fmt.Fprintf(f, "localca.Authority(%s)", a.certificateFile)
}

var (
	hostPattern = regexp.MustCompile(
		`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$`,
	)
	numberPattern = regexp.MustCompile(`^[0-9]+$`)
)

const (
	maxHostLength = 253
	localhost     = "localhost"
)

// checkDomains returns the domains and localhost, in lower case and sorted.
func checkDomains(domains []string) ([]string, error) {
	checked := []string{localhost}
	for _, domain := range domains {
		lower := strings.ToLower(domain)
		last := lower[strings.LastIndexByte(lower, '.')+1:]
		if len(lower) > maxHostLength || !hostPattern.MatchString(lower) ||
			numberPattern.MatchString(last) {
			return nil, fmt.Errorf(
				"%.80q is not a domain for a certificate authority: give one such as arr.test, "+
					"without port or wildcard; the names below it are included",
				domain,
			)
		}
		if last == lower && lower != localhost {
			return nil, fmt.Errorf(
				"%.80q is a top-level domain: a certificate authority for all of it would be too "+
					"powerful; give one below it, such as arr.%[1]s",
				lower,
			)
		}
		checked = append(checked, lower)
	}
	slices.Sort(checked)
	return slices.Compact(checked), nil
}

// checkFolder refuses a folder that other users can write to or replace. It looks at the folder and
// its parent; the folders above are the user's responsibility.
func checkFolder(path string) error {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return fmt.Errorf(
			"cannot look at the folder of the certificate authority: %w",
			err,
		)
	case !info.IsDir():
		return fmt.Errorf(
			"%s is to hold the certificate authority but is not a folder: remove it or choose another path",
			path,
		)
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o022 != 0:
		return fmt.Errorf(
			"others can write to %s (mode %#o), which is to hold a certificate authority: run chmod "+
				"700 on it or choose another folder",
			path,
			info.Mode().Perm(),
		)
	case ownedByOthers(info):
		return fmt.Errorf(
			"%s, which is to hold a certificate authority, belongs to another user: choose another folder",
			path,
		)
	}
	above, err := os.Stat(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf(
			"cannot look at the folder of the certificate authority: %w",
			err,
		)
	}
	if runtime.GOOS != "windows" && above.Mode().Perm()&0o022 != 0 &&
		above.Mode()&os.ModeSticky == 0 {
		return fmt.Errorf(
			"others can write to %s (mode %#o), and so replace %s, which is to hold a certificate "+
				"authority: choose another folder",
			filepath.Dir(path),
			above.Mode().Perm(),
			path,
		)
	}
	return nil
}

// createAuthority makes the folder with both files in it. If another process does so first, that
// authority is kept.
func createAuthority(folder string, domains []string) (err error) {
	draft, err := os.MkdirTemp(filepath.Dir(folder), authorityFolder+"-draft-*") // mode 0700
	if err != nil {
		return err
	}
	// After a successful rename there is nothing to remove.
	defer func() { err = errors.Join(err, os.RemoveAll(draft)) }()
	if err := makeAuthority(draft, domains); err != nil {
		return err
	}
	// No system replaces a folder that is not empty, so exactly one process wins.
	if err := os.Rename(draft, folder); err != nil {
		if _, missing := os.Lstat(folder); missing != nil {
			return err
		}
	}
	return nil
}

func makeAuthority(folder string, domains []string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	now := time.Now()
	var id [4]byte
	rand.Read(id[:])
	template := &x509.Certificate{
		// The number tells authorities apart in trust stores, and for clients that look issuers
		// up by name.
		Subject: pkix.Name{
			Organization: []string{authorityOrganization},
			CommonName:   authorityOrganization + " CA " + hex.EncodeToString(id[:]),
		},
		NotBefore: now.Add(-clockTolerance),
		NotAfter:  now.AddDate(authorityYears, 0, 0),
		KeyUsage:  x509.KeyUsageCertSign,
		// Neither mail nor code signing, which name constraints do not cover.
		ExtKeyUsage:                 []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid:       true,
		IsCA:                        true,
		MaxPathLenZero:              true,
		PermittedDNSDomainsCritical: true,
		PermittedDNSDomains:         domains,
		PermittedIPRanges: []*net.IPNet{
			{IP: net.IP{127, 0, 0, 0}, Mask: net.CIDRMask(8, 32)},
			{IP: net.IPv6loopback, Mask: net.CIDRMask(128, 128)},
		},
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	if err := writePEM(
		filepath.Join(folder, authorityKeyName),
		0o600,
		"PRIVATE KEY",
		secret,
	); err != nil {
		return err
	}
	return writePEM(
		filepath.Join(folder, authorityCertificateName),
		0o644,
		"CERTIFICATE",
		certificate,
	)
}

// writePEM writes a new file, to the disk.
func writePEM(path string, mode fs.FileMode, kind string, data []byte) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	err = pem.Encode(file, &pem.Block{Type: kind, Bytes: data})
	// The umask may have removed permissions from mode.
	return errors.Join(err, file.Chmod(mode), file.Sync(), file.Close())
}
