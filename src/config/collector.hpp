// One collector file, typed: what to request, how to read it, where to put it. docs/collectors.md is
// generated from the same table that fills these structs (collector_table.cpp).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/secret.hpp"
#include "config/fault.hpp"
#include "config/node.hpp"
#include "config/types.hpp"
#include "expr/path.hpp"
#include "resilience/backoff.hpp"

namespace config {

enum class HttpMethod { get, post, put };
std::string_view to_string(HttpMethod method);

struct Authenticator {
  enum class Type { bearer, api_key };
  Type type = Type::bearer;
  bool optional = false;
  base::Secret token;             // bearer
  std::string header, parameter;  // api_key: one of them
  base::Secret value;             // api_key
};

struct RetryBackoff {
  enum class Type { exponential };
  Type type = Type::exponential;
  base::Duration base{}, cap{};
  std::int64_t max_attempts = 0;
  resilience::Jitter jitter = resilience::Jitter::equal;
};

struct ErrorHandler {
  RetryBackoff backoff;
};

struct Requester {
  std::string url_base, path;
  std::vector<std::string> allowed_hosts;
  HttpMethod http_method = HttpMethod::get;
  bool idempotent = false;  // a POST or PUT that may be repeated
  std::vector<std::pair<std::string, std::vector<TextOrSecret>>> request_parameters;
  std::vector<std::pair<std::string, TextOrSecret>> request_headers;
  std::optional<Authenticator> authenticator;
  ErrorHandler error_handler;
  base::Duration timeout{};
  std::uint64_t max_response_size = 0;
  enum class Conditional { automatic, off };
  Conditional conditional = Conditional::automatic;
};

struct Decoder {
  enum class Type { json };
  Type type = Type::json;
};

struct RecordSelector {
  std::optional<expr::Path> field_path;  // nothing: the body itself, a list of records or one record
};

enum class FieldType { text, integer, number, date, timestamp };
std::string_view to_string(FieldType type);

struct Field {
  std::string column;
  std::optional<expr::Path> path;    // either this
  std::optional<std::string> value;  // or this
  FieldType type = FieldType::text;
  bool required = false;
  std::int64_t max_length = 0;  // characters; 0 = no limit
  bool is_key = false;
};

struct Destination {
  enum class WriteDisposition { merge };
  std::string table, schema;
  WriteDisposition write_disposition = WriteDisposition::merge;
  std::vector<std::string> primary_key;
};

struct Collector {
  std::string name, description;
  std::vector<std::pair<std::string, std::string>> labels;
  base::Duration timeout{};
  Requester requester;
  Decoder decoder;
  RecordSelector record_selector;
  std::vector<Field> fields;
  Destination destination;
  bool allow_empty = false;
  Share max_bad_rows;

  std::string file;                   // as it was named to us
  std::string definition;             // fingerprint of the file and its overrides
  std::vector<base::Secret> secrets;  // credentials, and all that the requester took from the environment
};

// A file's tree, not yet judged: ${NAME} replaced, overrides not yet applied. `name` is what its key says,
// else the file's stem.
struct CollectorSource {
  std::string file;
  std::string name;
  Node node;
  std::string text;
};
std::optional<CollectorSource> parse_collector(std::string text, const std::string& file, Faults& faults);

// Applies the overrides, replaces ${NAME}, validates. nullopt: faults were added, all of this file.
std::optional<Collector> read_collector(CollectorSource source, const std::vector<Override>& overrides,
                                        const Environment& environment, Faults& faults);

// The reference of all keys, in Markdown.
std::string collector_reference();

}  // namespace config
