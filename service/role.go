// SPDX-License-Identifier: MIT

package service

// Role is what an identity may do with an account: the name of an Azure role.
type Role string

const (
	// RoleAdministrator may do everything, like anyone who has an account key. It is the default.
	RoleAdministrator Role = "Remote Rendering Administrator"
	// RoleClient may use sessions, but no conversions: requests about them are answered with 403
	// and no body. The documents name the role, and 403 as the status of a missing one; what the
	// service said to it was not recorded.
	RoleClient Role = "Remote Rendering Client"
)

// mayConvert reports whether the role allows requests about conversions.
func (r Role) mayConvert() bool { return r != RoleClient }

// roleOfIdentity returns the role of anyone who asks for an access token.
func (q *Request) roleOfIdentity() Role {
	credential := bearer(q.HTTP)
	if q.service.identityRole == nil || isAccountKey(credential) {
		return RoleAdministrator
	}
	return q.service.identityRole(credential)
}
