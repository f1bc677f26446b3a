// The helpers of api_testing.hpp.
#include <zlib.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <set>

#include "simulator/api_testing.hpp"

namespace simulator {
namespace {

using Rows = std::map<std::string, Json>;

Rows by_key(const Api& api, const std::vector<Json>& rows) {
  Rows keyed;
  for (const Json& row : rows) {
    std::string key;
    std::string fields(api.key);
    for (std::size_t at = 0; at < fields.size();) {
      const std::size_t end = std::min(fields.find(',', at), fields.size());
      const Json& part = row.at(fields.substr(at, end - at));
      key += (at > 0 ? "|" : "") + (part.is_string() ? part.get<std::string>() : part.dump());
      at = end + 1;
    }
    EXPECT_TRUE(keyed.emplace(key, row).second) << "twice: " << key;
  }
  return keyed;
}

Rows truth_rows(World& world, const Api& api) {
  const Json rows = Json::parse(truth(*world.records(api.name)));
  return by_key(api, rows.get<std::vector<Json>>());
}

// One row at a time: a difference of whole tables is unreadable.
void expect_same(const Rows& found, const Rows& wanted) {
  ASSERT_EQ(found.size(), wanted.size());
  for (const auto& [key, row] : wanted) {
    const auto at = found.find(key);
    ASSERT_NE(at, found.end()) << "missing: " << key;
    ASSERT_EQ(at->second, row) << Json::diff(at->second, row).dump();
  }
}

struct ExactNumbers : nlohmann::detail::json_sax_dom_parser<Json> {
  using json_sax_dom_parser::json_sax_dom_parser;
  bool number_float(double, const std::string& digits) {
    std::string text = digits;
    return string(text);
  }
};

}  // namespace

Answer Client::ask(const ApiRequest& request) {
  Answer answer = world.serve(api, request);
  transcript += fmt::format("{} {} {}\n{}\n", request.path, answer.status, answer.content_type, *answer.body);
  return answer;
}

Answer Client::get(std::string target, std::map<std::string, std::string> headers) {
  ApiRequest request{.headers = std::move(headers)};
  const std::size_t question = std::min(target.find('?'), target.size());
  request.path = question == 0 ? std::string(api.path) : target.substr(0, question);
  for (std::size_t at = question + 1; at < target.size();) {
    const std::size_t end = std::min(target.find('&', at), target.size());
    const std::size_t equals = target.find('=', at);
    request.query.emplace(target.substr(at, equals - at), target.substr(equals + 1, end - equals - 1));
    at = end + 1;
  }
  return ask(request);
}

Answer Client::post(const Json& body, std::map<std::string, std::string> headers) {
  return ask({.method = "POST",
              .path = std::string(api.path),
              .headers = std::move(headers),
              .body = body.is_string() ? body.get<std::string>() : body.dump()});
}

void expect_promises(const char* name, const Reader& read) {
  const Api& api = *find_api(name);
  World world(11, {}), twin(11, {}), other(12, {});
  Client client{world, api}, again{world, api}, of_twin{twin, api}, of_other{other, api};
  Rows old = by_key(api, read(client));
  expect_same(old, truth_rows(world, api));
  EXPECT_EQ(old.size(), api.records);
  read(again);
  EXPECT_EQ(client.transcript, again.transcript) << "asking changed something";
  read(of_twin);
  EXPECT_EQ(client.transcript, of_twin.transcript) << "the seed decides every byte";
  read(of_other);
  EXPECT_NE(client.transcript, of_other.transcript);

  for (int round = 0; round < 2; ++round) {
    Client later{world, api};
    const auto ticked = world.tick(name, 5, 7);
    ASSERT_TRUE(ticked.has_value());
    Rows now = by_key(api, read(later));
    expect_same(now, truth_rows(world, api));
    std::set<std::string> added, changed;
    for (const auto& [key, row] : now) {
      if (!old.contains(key))
        added.insert(key);
      else if (old.at(key) != row)
        changed.insert(key);
    }
    EXPECT_EQ(now.size(), old.size() + added.size()) << "something vanished";
    EXPECT_EQ(added, std::set(ticked->added.begin(), ticked->added.end()));
    EXPECT_EQ(changed, std::set(ticked->changed.begin(), ticked->changed.end()));
    EXPECT_EQ(added.size(), 5U);
    EXPECT_EQ(changed.size(), 7U);
    old = std::move(now);
  }
}

Json parse_exact(const std::string& text) {
  Json value;
  ExactNumbers handler(value, /*allow_exceptions=*/false);
  EXPECT_TRUE(Json::sax_parse(text, &handler)) << text.substr(0, 300);
  return value;
}

std::string gunzip(const std::string& bytes) {
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  std::string out(bytes.size() * 40 + 1000, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

std::optional<std::string> between(const std::string& text, const std::string& open,
                                   const std::string& close) {
  const std::size_t begin = text.find(open);
  if (begin == std::string::npos) return std::nullopt;
  const std::size_t end = text.find(close, begin + open.size());
  if (end == std::string::npos) return std::nullopt;
  return text.substr(begin + open.size(), end - begin - open.size());
}

std::vector<std::string> all_between(const std::string& text, const std::string& open,
                                     const std::string& close) {
  std::vector<std::string> found;
  for (std::size_t at = text.find(open); at != std::string::npos; at = text.find(open, at)) {
    const std::size_t begin = at + open.size(), end = text.find(close, begin);
    if (end == std::string::npos) break;
    found.push_back(text.substr(begin, end - begin));
    at = end;
  }
  return found;
}

std::string xml_text(std::string escaped) {
  const std::string open = "<![CDATA[", close = "]]>";
  std::string out;
  for (std::size_t at = 0; at < escaped.size();) {
    if (escaped.compare(at, open.size(), open) == 0) {
      const std::size_t end = escaped.find(close, at);
      out += escaped.substr(at + open.size(), end - at - open.size());
      at = end + close.size();
    } else if (escaped[at] == '&') {
      static const std::map<std::string, std::string> entities{{"amp", "&"},   {"lt", "<"},    {"gt", ">"},
                                                               {"quot", "\""}, {"#39", "'"},   {"#8217", "’"},
                                                               {"#8220", "“"}, {"#x201D", "”"}};
      const std::size_t end = escaped.find(';', at);
      out += entities.at(escaped.substr(at + 1, end - at - 1));
      at = end + 1;
    } else {
      EXPECT_NE(escaped[at], '<') << "an element inside of the text: " << escaped;
      out += escaped[at++];
    }
  }
  return out;
}

std::string iso_of_rfc822(const std::string& date) {
  static constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  static constexpr std::array days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  char weekday[4] = {}, month[4] = {}, clock[9] = {}, zone[6] = {};
  int day = 0, year = 0;
  EXPECT_EQ(std::sscanf(date.c_str(), "%3s, %d %3s %d %8s %5s", weekday, &day, month, &year, clock, zone), 6)
      << date;
  EXPECT_STREQ(zone, "+0000");
  unsigned number = 1;
  while (number < 12 && months[number - 1] != std::string(month)) ++number;
  const std::chrono::year_month_day ymd{std::chrono::year{year}, std::chrono::month{number},
                                        std::chrono::day{static_cast<unsigned>(day)}};
  EXPECT_STREQ(weekday, days[std::chrono::weekday{std::chrono::sys_days{ymd}}.c_encoding()]);
  return fmt::format("{:04}-{:02}-{:02}T{}Z", year, number, day, clock);
}

Json only(const Json& object, const std::vector<const char*>& fields) {
  Json row = Json::object();
  for (const char* field : fields) row[field] = object.contains(field) ? object[field] : Json();
  return row;
}

}  // namespace simulator
