// Recognising the answer that was committed last when it comes again (CO12, CO7): by asking conditionally
// (RFC 9110, section 13), and by its content where a server knows nothing of that.
//
// Only slices of one request are recognised, and only by the request that fetched what was committed.
// Fingerprints tell versions apart; they are no protection against a server that wants to deceive us, which
// could as well answer 304 for ever. Pure; thread-safe.
//
//   Recognition recognition(known, TRY(slice_context(collector, values)));
//   recognition.prepare(request);                        // adds If-None-Match, If-Modified-Since
//   if (recognition.is_same(response)) …                 // nothing is new
//   else known = recognition.of(response);               // once its rows are committed
#pragma once

#include <string>

#include "base/result.hpp"
#include "config/collector.hpp"
#include "expr/template.hpp"
#include "http/message.hpp"

namespace collect {

inline constexpr std::size_t max_validator_bytes = 1024;  // longer ones are none

// Of an answer. Empty content: none is known.
struct Validators {
  std::string etag, last_modified;  // as the server wrote them; empty: it did not, or that tells nothing
  std::string content;              // fingerprints of the request and of the decoded body
  bool operator==(const Validators&) const = default;
};

// Whether a collector's answers may be recognised at all, as far as its file tells.
bool may_recognise(const config::Collector& collector);

// What the rows of a slice depend on besides the answer: fields and filters that hold templates.
// invalid_config: one of them cannot be rendered.
base::Result<std::string> slice_context(const config::Collector& collector,
                                        const expr::TemplateValues& values);

class Recognition {
 public:
  Recognition(Validators known, std::string context)
      : known_(std::move(known)), context_(std::move(context)) {}

  // The only request of a slice, before it is sent. Conditional, if it is the one that `known` belongs to.
  void prepare(http::Request& request);
  // 304, or the same body as before.
  bool is_same(const http::Response& response);
  // What the answer would be recognised by next time; of a 304, that which it confirms.
  Validators of(const http::Response& response);

 private:
  const std::string& content_of(const http::Response& response);

  const Validators known_;
  const std::string context_;
  bool conditional_ = false;
  std::string request_;  // its fingerprint
  std::string content_;  // of the answer, once it was asked for
};

}  // namespace collect
