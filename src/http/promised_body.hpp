// Whether the body of a 2xx is what was promised. Maintenance pages and captive portals come with status 200,
// and a server that dies may end its answer cleanly: that is no data, but something to try again (RT1). Pure.
//
// Each returns {} for a body that may go to its decoder, else what it is, for people: "an empty body".
#pragma once

#include <string_view>

#include "http/message.hpp"

namespace http {

std::string_view instead_of_json(const Response& response);

// XML, feeds, CSV, JSON lines …: nothing is known of them but that they are not a web page.
std::string_view instead_of_data(const Response& response);

// The content type names a data format that is not JSON.
bool is_called_other_than_json(const Response& response);

}  // namespace http
