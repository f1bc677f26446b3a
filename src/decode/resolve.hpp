// A link as it stands in a document, made absolute (RFC 3986, section 5.2). Internal to this folder. Pure.
//
//   resolve("https://x.org/a/b", "../c?d=1")  →  "https://x.org/c?d=1"
#pragma once

#include <string>
#include <string_view>

namespace decode {

// `link` as it is when it is absolute, or when `base` is no absolute URL.
std::string resolve(std::string_view base, std::string_view link);

}  // namespace decode
