// Values of the Authorization header, as secrets. Pure.
#pragma once

#include "base/secret.hpp"

namespace http {

// RFC 7617, in UTF-8: "Basic dXNlcjpwYXNz". A server takes what stands behind the first ':' for the password,
// so the user must not hold one.
base::Secret basic_credentials(const base::Secret& user, const base::Secret& password);

// RFC 6750: "Bearer abc".
base::Secret bearer_credentials(const base::Secret& token);

}  // namespace http
