// Any bytes as CSV with any options: a sound tree, each record with the header's cells or spoiled. The first
// byte chooses the options.
#include <cstddef>
#include <cstdint>
#include <string>

#include "decode/csv.hpp"
#include "tree.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  decode::CsvOptions options;
  options.header = (data[0] & 1) != 0;
  options.delimiter = (data[0] & 2) != 0 ? ';' : ',';
  options.skip_rows = data[0] >> 2 & 3;
  options.null_values = (data[0] & 16) != 0 ? std::vector<std::string>{"", "NA"} : std::vector<std::string>{};
  static constexpr const char* encodings[] = {"utf-8", "latin-1", "utf-16", "windows-1255"};
  options.encoding = encodings[data[0] >> 5 & 3];
  const auto document = decode::decode_csv({reinterpret_cast<const char*>(data + 1), size - 1}, options);
  fuzz::check_tree(document);
  if (!document || document->root.items().empty()) return 0;
  std::size_t columns = 0;
  for (const decode::Value& row : document->root.items())
    if (decode::find_spoiled(row) == nullptr) {
      if (columns == 0) columns = row.members().size();
      CHECK(row.members().size() == columns, "good records have the same cells");
    }
  return 0;
}
