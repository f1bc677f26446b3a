// A value that must never be shown: it has no formatter, no stream operator and no comparison; reveal() is
// the one way in, and easy to search for. Redactor is the net below: it knows every secret of the process and
// replaces each, in plain, percent-encoded and base64 form, in whatever text is about to leave (log lines,
// errors, the ledger).
#pragma once

#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

namespace base {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  const std::string& reveal() const { return value_; }
  bool empty() const { return value_.empty(); }

 private:
  std::string value_;
};

// Thread-safe.
class Redactor {
 public:
  static constexpr std::size_t minimum_length = 4;  // shorter ones would blank out ordinary words
  void add(const Secret& secret);
  std::string redact(std::string_view text) const;

 private:
  mutable std::shared_mutex mutex_;
  std::vector<std::string> forms_;  // longest first, so that no part of a longer secret stays
};

// "https://user:pass@host/p?q" → "https://***@host/p?q": the user information of every URL in the text.
std::string redact_urls(std::string_view text);

}  // namespace base
