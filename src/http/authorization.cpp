#include "http/authorization.hpp"

#include "base/text.hpp"

namespace http {

base::Secret basic_credentials(const base::Secret& user, const base::Secret& password) {
  return base::Secret("Basic " + base::base64(user.reveal() + ':' + password.reveal()));
}

base::Secret bearer_credentials(const base::Secret& token) {
  return base::Secret("Bearer " + token.reveal());
}

}  // namespace http
