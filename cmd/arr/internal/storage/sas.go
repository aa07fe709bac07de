// SPDX-License-Identifier: MIT

package storage

import (
	"context"
	"fmt"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/sas"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"

	"github.com/arr-go/azremoterendering/internal/blobaccess"
)

// Rights are what a signature allows.
type Rights string

// The rights that a conversion needs (documentation, "Use Azure Blob Storage for model
// conversion").
const (
	// InputRights are for the input container: read and list.
	InputRights Rights = "rl"
	// OutputRights are for the output container: write.
	OutputRights Rights = "w"
	// ReadRights are for an output asset that a session loads.
	ReadRights Rights = "r"
)

const (
	// ClockSkew is how long before now a signature begins, because clocks differ. It is the quarter
	// of an hour that the documentation of storage recommends.
	ClockSkew = 15 * time.Minute
	// MaxValidity is the longest time that a signature of an Entra identity can last.
	MaxValidity = 7 * 24 * time.Hour
)

// ContainerSAS makes a signature for a container that lasts for validity from now on. With Entra it
// is a user delegation SAS, which needs the role Storage Blob Delegator or Storage Blob Data
// Contributor. An account that is signed in to by a SAS returns that SAS, if it suffices.
func (a *Account) ContainerSAS(
	ctx context.Context,
	name string,
	rights Rights,
	validity time.Duration,
) (blobaccess.SAS, error) {
	if err := checkContainerName(name); err != nil {
		return blobaccess.SAS{}, err
	}
	return a.sign(ctx, sas.BlobSignatureValues{ContainerName: name, Permissions: string(rights)}, validity)
}

// BlobSAS makes a signature for reading one blob, such as an output asset.
func (a *Account) BlobSAS(
	ctx context.Context,
	containerName, name string,
	validity time.Duration,
) (blobaccess.SAS, error) {
	if err := checkContainerName(containerName); err != nil {
		return blobaccess.SAS{}, err
	}
	values := sas.BlobSignatureValues{ContainerName: containerName, BlobName: name, Permissions: string(ReadRights)}
	return a.sign(ctx, values, validity)
}

func (a *Account) sign(
	ctx context.Context,
	values sas.BlobSignatureValues,
	validity time.Duration,
) (blobaccess.SAS, error) {
	if validity < time.Minute || validity > MaxValidity {
		return blobaccess.SAS{}, fmt.Errorf(
			"a SAS lasts from a minute to %d days, not %v",
			int(MaxValidity.Hours()/24),
			validity,
		)
	}
	now := time.Now().UTC()
	values.StartTime, values.ExpiryTime = now.Add(-ClockSkew), now.Add(validity)
	values.Protocol = sas.ProtocolHTTPS
	if a.endpoint.Scheme == "http" {
		values.Protocol = sas.ProtocolHTTPSandHTTP
	}
	if !a.sas.IsZero() {
		return a.reuse(values)
	}
	query, err := a.signature(ctx, values)
	if err != nil {
		return blobaccess.SAS{}, blobaccess.Wrap("make a SAS for container "+values.ContainerName, err)
	}
	return blobaccess.ParseSAS(query.Encode())
}

func (a *Account) signature(ctx context.Context, values sas.BlobSignatureValues) (sas.QueryParameters, error) {
	if a.key != nil {
		return values.SignWithSharedKey(a.key)
	}
	start, expiry := values.StartTime.Format(sas.TimeFormat), values.ExpiryTime.Format(sas.TimeFormat)
	credential, err := a.client.GetUserDelegationCredential(ctx, service.KeyInfo{Start: &start, Expiry: &expiry}, nil)
	if err != nil {
		return sas.QueryParameters{}, err
	}
	return values.SignWithUserDelegation(credential)
}

// reuse returns the SAS of the sign-in in place of a new one.
func (a *Account) reuse(values sas.BlobSignatureValues) (blobaccess.SAS, error) {
	if !a.sas.Allows(values.Permissions) {
		return blobaccess.SAS{}, fmt.Errorf(
			"the SAS of the storage account does not suffice: container %s needs %q; sign in by key or Entra",
			values.ContainerName,
			values.Permissions,
		)
	}
	if expiry := a.sas.Expiry(); !expiry.IsZero() && expiry.Before(time.Now()) {
		return blobaccess.SAS{}, fmt.Errorf(
			"the SAS of the storage account expired at %s",
			expiry.Format(time.RFC3339),
		)
	}
	return a.sas, nil
}
