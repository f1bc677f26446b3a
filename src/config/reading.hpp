// How an answer is read: decoder, record selector, fields.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/types.hpp"
#include "expr/jmespath.hpp"

namespace config {

struct Decoder {
  enum class Type { automatic, json, jsonl, csv, xml, feed, jsonstat, oai };
  Type type = Type::automatic;  // by the answer's content type; JSON if that says nothing
  char delimiter = ',';         // csv, from here on
  bool header = true;
  std::string encoding;  // also xml, feed and oai; empty: what the body says, else UTF-8
  std::int64_t skip_rows = 0;
  std::vector<std::string> null_values;
};

// A JMESPath expression that may hold templates, expanded before it is parsed.
struct TemplatedExpression {
  std::optional<expr::Expression> expression;  // if there is no template in it
  std::optional<expr::Template> text;          // else
};

struct RecordSelector {
  enum class Flatten { none, name_value, object_entries };
  std::optional<expr::Expression> field_path;  // nothing: the decoder's usual place
  std::optional<TemplatedExpression> record_filter;
  bool header_row = false;  // row 0 names the columns
  Flatten flatten = Flatten::none;
};

enum class FieldType {
  text,
  integer,  // −2³¹ … 2³¹−1
  bigint,
  number,  // exact decimal
  real,    // `double`
  boolean,
  date,
  timestamp,        // in UTC
  timestamp_local,  // without a zone
  uuid,
  json,
  text_list,
  integer_list,
};
std::string_view to_string(FieldType type);  // as in a collector file: "double", "text[]"

struct Field {
  enum class Case { as_is, upper, lower };
  enum class Lookup { none, country_iso2, country_iso3, country_name };

  std::string column;
  Mark mark{};                           // where the file describes it
  std::optional<expr::Expression> path;  // either this
  std::optional<Templated> value;        // or this: a constant, or a template fixed for its slice
  FieldType type = FieldType::text;
  bool is_varchar = false;                // text with the database's own limit of max_length characters
  std::int64_t precision = 0, scale = 0;  // number(p,s); precision 0: any number
  bool required = false;
  std::vector<std::string> formats;  // of times: iso8601, rfc822, epoch, epoch_ms, or a strptime pattern
  std::string timezone;              // of times that name none
  bool decimal_comma = false;
  std::vector<std::string> null_values;                      // texts that mean NULL
  std::int64_t max_length = 0;                               // characters; 0 = no limit
  bool truncate = false;                                     // cut off what is too long
  std::optional<std::pair<std::string, std::string>> range;  // of numbers or times, both ends allowed
  std::string regex;  // of texts: must match as a whole; empty: anything
  std::vector<std::pair<std::string, std::string>> replace;  // text → text, all occurrences, in this order
  bool trim = true;
  Case letter_case = Case::as_is;
  std::optional<std::string> fallback;  // `default`: at the end, instead of NULL
  Lookup lookup = Lookup::none;
  bool is_volatile = false;  // its change alone is no update (CO9)
  bool is_key = false;
};

}  // namespace config
