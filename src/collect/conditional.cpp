#include "collect/conditional.hpp"

#include <fmt/format.h>
#include <strings.h>

#include <algorithm>
#include <memory_resource>

#include "base/fingerprint.hpp"
#include "base/text.hpp"
#include "decode/value.hpp"
#include "http/http_date.hpp"
#include "http/redirect.hpp"

namespace collect {
namespace {

using base::Result;
using Disposition = config::Destination::WriteDisposition;
using namespace std::chrono_literals;

// What makes the answer depend on more than the address, in a way that is the file's business and not ours.
bool conditions(const std::string& header) {
  return strncasecmp(header.c_str(), "if-", 3) == 0 || strcasecmp(header.c_str(), "range") == 0;
}

// All partitions are one slice there, or all but one would be missing (see Work::loads_together).
bool goes_together(const config::Collector& collector) {
  const config::Destination& it = collector.destination;
  return it.write_disposition == Disposition::replace ||
         (it.write_disposition == Disposition::append && it.primary_key.empty());
}

std::string header_of(const http::Response& response, std::string_view name) {
  const std::string* const value = response.header(name);
  if (value == nullptr || value->size() > max_validator_bytes) return {};
  const bool is_plain = std::all_of(value->begin(), value->end(), [](unsigned char c) { return c >= 0x20; });
  return is_plain && base::valid_utf8_length(*value) == value->size() ? *value : std::string();
}

// Of a source that was changed twice within one second, in between of which it answered, the date does not
// tell (RFC 9110, section 8.8.2.2). Beside an ETag, which comes first, it need only be older than the answer;
// alone it needs room for clocks that differ.
std::string safe_date_of(const http::Response& response, bool has_etag) {
  std::string text = header_of(response, "last-modified");
  const auto modified = http::parse_http_date(text);
  const auto answered = http::server_time(response);
  if (!modified || !answered || *answered - *modified < (has_etag ? 1s : 60s)) return {};
  return text;
}

Result<void> add(std::string& context, const expr::Template& text, const expr::TemplateValues& values,
                 std::string_view where) {
  if (text.is_constant()) return {};
  std::pmr::monotonic_buffer_resource arena;
  const auto value = text.render(values, arena);
  if (!value) return base::error(base::Code::invalid_config, "{}: {}", where, value.error());
  context += decode::to_json(*value) + '\n';
  return {};
}

}  // namespace

// A next page that stands in a header may appear while the body stays the same, and a 304 need not name it.
bool may_recognise(const config::Collector& collector) {
  const config::Requester& it = collector.requester;
  if (it.conditional != config::Requester::Conditional::automatic) return false;
  if (it.http_method != config::HttpMethod::get || it.request_body_json || it.request_body_data ||
      !it.request_body_form.empty())
    return false;
  if (collector.paginator.type == config::Paginator::Type::link_header) return false;
  if (collector.partition_router && goes_together(collector)) return false;
  return std::none_of(it.request_headers.begin(), it.request_headers.end(),
                      [](const auto& header) { return conditions(header.first); });
}

// The change of a volatile column alone is no update (CO9), so it is no reason to fetch either.
Result<std::string> slice_context(const config::Collector& collector, const expr::TemplateValues& values) {
  std::string context;
  for (const config::Field& field : collector.fields)
    if (field.value && field.value->text && !field.is_volatile)
      TRY(add(context, *field.value->text, values, fmt::format("fields.{}.value", field.column)));
  const auto& filter = collector.record_selector.record_filter;
  if (filter && !filter->expression && filter->text)
    TRY(add(context, *filter->text, values, "record_selector.record_filter"));
  return context;
}

// Credentials are left out: a fingerprint in a database must not tell anything about them.
void Recognition::prepare(http::Request& request) {
  std::string text = fmt::format("{} {}\n", request.method, request.url);
  for (const http::Header& header : request.headers)
    if (!http::is_credential_header(header.name)) text += fmt::format("{}: {}\n", header.name, header.value);
  request_ = base::fingerprint(text + '\n' + context_);
  content_.clear();
  if (request.method != "GET" || !request.body.empty() || !known_.content.starts_with(request_ + ':')) return;
  if (!known_.etag.empty()) request.headers.push_back({"If-None-Match", known_.etag});
  if (!known_.last_modified.empty()) request.headers.push_back({"If-Modified-Since", known_.last_modified});
  conditional_ = request.conditional = !known_.etag.empty() || !known_.last_modified.empty();
}

const std::string& Recognition::content_of(const http::Response& response) {
  if (content_.empty()) content_ = request_ + ':' + base::fingerprint(response.body);
  return content_;
}

bool Recognition::is_same(const http::Response& response) {
  if (response.ruling) return false;  // a filter of the file's own says what it means
  if (response.status == 304) return conditional_;
  return response.status == 200 && !known_.content.empty() && content_of(response) == known_.content;
}

Validators Recognition::of(const http::Response& response) {
  if (response.status == 304) return known_;
  if (response.status != 200 || response.ruling) return {};
  std::string etag = header_of(response, "etag");
  std::string last_modified = safe_date_of(response, !etag.empty());
  return {std::move(etag), std::move(last_modified), content_of(response)};
}

}  // namespace collect
