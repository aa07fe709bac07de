// SPDX-License-Identifier: MIT

package localca

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// loadAuthority reads the files of an authority.
func loadAuthority(folder string, domains []string) (*Authority, error) {
	remedy := fmt.Sprintf("remove the folder %s to make a new one, and trust it again", folder)
	certificateFile := filepath.Join(folder, authorityCertificateName)
	secret, err := readPEM(filepath.Join(folder, authorityKeyName), "PRIVATE KEY", true, remedy)
	if err != nil {
		return nil, err
	}
	public, err := readPEM(certificateFile, "CERTIFICATE", false, remedy)
	if err != nil {
		return nil, err
	}
	// The causes are left out, because they may quote the key.
	parsed, err := x509.ParsePKCS8PrivateKey(secret)
	key, ok := parsed.(*ecdsa.PrivateKey)
	if err != nil || !ok {
		return nil, fmt.Errorf(
			"the key of the certificate authority is damaged, or not one that this package made: %s",
			remedy,
		)
	}
	certificate, err := x509.ParseCertificate(public)
	if err != nil {
		return nil, fmt.Errorf("the certificate of the authority is damaged: %s", remedy)
	}
	if err := checkAuthority(certificate, key, domains, remedy); err != nil {
		return nil, err
	}
	return &Authority{certificateFile: certificateFile, certificate: certificate, key: key}, nil
}

func checkAuthority(
	certificate *x509.Certificate,
	key *ecdsa.PrivateKey,
	domains []string,
	remedy string,
) error {
	now := time.Now()
	switch {
	case !key.PublicKey.Equal(certificate.PublicKey):
		return fmt.Errorf(
			"certificate and key of the authority do not belong together: %s",
			remedy,
		)
	case !certificate.IsCA || !certificate.PermittedDNSDomainsCritical ||
		len(certificate.PermittedDNSDomains) == 0 || len(certificate.PermittedIPRanges) == 0:
		return fmt.Errorf(
			"the certificate of the authority is not one that this package made, confined to some names: %s",
			remedy,
		)
	case now.Before(certificate.NotBefore):
		return fmt.Errorf(
			"the certificate authority is not valid before %s: correct the clock of this machine",
			certificate.NotBefore.Format(time.RFC3339),
		)
	case now.After(certificate.NotAfter):
		return fmt.Errorf(
			"the certificate authority expired on %s: %s",
			certificate.NotAfter.Format(time.DateOnly),
			remedy,
		)
	}
	for _, domain := range domains {
		if !permitsDomain(certificate, domain) {
			return fmt.Errorf(
				"the certificate authority is for %s, not for %s: use one of these domains, or %s",
				strings.Join(certificate.PermittedDNSDomains, ", "),
				domain,
				remedy,
			)
		}
	}
	return nil
}

// permitsDomain reports whether a certificate is for a name, in lower case.
func permitsDomain(certificate *x509.Certificate, name string) bool {
	return slices.ContainsFunc(certificate.PermittedDNSDomains, func(domain string) bool {
		return name == domain || strings.HasSuffix(name, "."+domain)
	})
}

// readPEM reads a file with one block of a kind. Others must not be able to read a private file.
func readPEM(path, kind string, private bool, remedy string) ([]byte, error) {
	// Opening a pipe waits for a writer, and no signal ends that.
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf(
			"the certificate authority is damaged, %s is not a regular file: %s",
			path,
			remedy,
		)
	}
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf(
			"the certificate authority is incomplete, %s is missing: %s",
			path,
			remedy,
		)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the certificate authority: %w", err)
	}
	defer file.Close()
	info, err := file.Stat() // of the open file, which may have been renamed meanwhile
	if err != nil {
		return nil, fmt.Errorf("cannot read the certificate authority: %w", err)
	}
	if mode := info.Mode().Perm(); private && runtime.GOOS != "windows" && mode&0o077 != 0 {
		return nil, fmt.Errorf(
			"others can use the key of the certificate authority, %s (mode %#o): if nobody did, run "+
				"chmod 600 on it; otherwise remove the authority from where it is trusted, and %s",
			path,
			mode,
			remedy,
		)
	}
	if private && ownedByOthers(info) {
		return nil, fmt.Errorf(
			"the key of the certificate authority, %s, belongs to another user: %s",
			path,
			remedy,
		)
	}
	text, err := io.ReadAll(io.LimitReader(file, maxAuthorityFile))
	if err != nil {
		return nil, fmt.Errorf("cannot read the certificate authority: %w", err)
	}
	block, _ := pem.Decode(text)
	if block == nil || block.Type != kind {
		return nil, fmt.Errorf(
			"the certificate authority is damaged, %s has no %s: %s",
			path,
			strings.ToLower(kind),
			remedy,
		)
	}
	return block.Bytes, nil
}
