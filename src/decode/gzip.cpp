#include "decode/gzip.hpp"

#include <zlib.h>

#include <algorithm>
#include <limits>

#include "base/check.hpp"
#include "base/text.hpp"

namespace decode {
namespace {

class Inflater {
 public:
  Inflater(std::string_view body, std::size_t max_size) : body_(body), max_size_(max_size) {
    constexpr int gzip_only = 16;
    CHECK(inflateInit2(&stream_, MAX_WBITS + gzip_only) == Z_OK, "zlib has memory and is the right one");
  }
  ~Inflater() { inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  base::Result<std::string> run();

 private:
  base::Result<void> member();
  template <class... Args>
  base::Error damaged(fmt::format_string<Args...> format, Args&&... args) const {
    return base::error(base::Code::invalid_data, "gzip, member {}: {}", member_,
                       fmt::format(format, std::forward<Args>(args)...));
  }
  bool make_room();

  const std::string_view body_;
  const std::size_t max_size_;
  std::size_t at_ = 0;
  int member_ = 1;
  std::string out_;
  std::size_t used_ = 0;
  z_stream stream_{};
};

// One byte more than is allowed shows that there is too much.
bool Inflater::make_room() {
  if (used_ > max_size_) return false;
  if (used_ < out_.size()) return true;
  const std::size_t wanted = std::max<std::size_t>({4096, 3 * body_.size(), 2 * out_.size()});
  out_.resize(std::min(wanted, max_size_ + 1));
  return true;
}

base::Result<void> Inflater::member() {
  constexpr std::size_t most = std::numeric_limits<uInt>::max();
  for (;;) {
    if (!make_room()) return damaged("more than {} when unpacked", base::format_size(max_size_));
    const std::size_t in = std::min(body_.size() - at_, most);
    const std::size_t out = std::min(out_.size() - used_, most);
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body_.data() + at_));  // zlib only reads it
    stream_.avail_in = static_cast<uInt>(in);
    stream_.next_out = reinterpret_cast<Bytef*>(out_.data() + used_);
    stream_.avail_out = static_cast<uInt>(out);
    const int outcome = inflate(&stream_, Z_NO_FLUSH);
    at_ += in - stream_.avail_in;
    used_ += out - stream_.avail_out;
    if (outcome == Z_STREAM_END) {
      if (used_ > max_size_) return damaged("more than {} when unpacked", base::format_size(max_size_));
      return {};
    }
    if (outcome != Z_OK && outcome != Z_BUF_ERROR)
      return damaged("damaged near byte {}: {}", at_, stream_.msg == nullptr ? "no data" : stream_.msg);
    if (at_ == body_.size() && stream_.avail_out > 0)
      return damaged("the body ends in the middle, after {} bytes", body_.size());
  }
}

base::Result<std::string> Inflater::run() {
  for (;;) {
    TRY(member());
    const std::size_t next = body_.find_first_not_of('\0', at_);  // tape blocks were padded with zeros
    if (next == std::string_view::npos) break;
    if (!is_gzip(body_.substr(at_)))
      return damaged("followed by {} bytes that are not gzip", body_.size() - at_);
    ++member_;
    CHECK(inflateReset(&stream_) == Z_OK, "a stream that has ended can be used again");
  }
  out_.resize(used_);
  return std::move(out_);
}

}  // namespace

bool is_gzip(std::string_view body) { return body.starts_with("\x1f\x8b"); }

base::Result<std::string> gunzip(std::string body, std::size_t max_size) {
  if (!is_gzip(body)) return body;
  max_size = std::min(max_size, std::string().max_size() / 2);
  return Inflater(body, max_size).run();
}

std::string gzipped(std::string_view body) {
  constexpr int gzip_header = 16, window_bits = 12, memory_level = 5;  // 32 kB while it works, not 256
  CHECK(body.size() <= std::numeric_limits<uInt>::max(), "a text to keep is no file of 4 GB");
  z_stream stream{};
  CHECK(deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, window_bits + gzip_header, memory_level,
                     Z_DEFAULT_STRATEGY) == Z_OK,
        "zlib has memory and is the right one");
  std::string out(deflateBound(&stream, static_cast<uLong>(body.size())), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));  // zlib only reads it
  stream.avail_in = static_cast<uInt>(body.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  CHECK(deflate(&stream, Z_FINISH) == Z_STREAM_END, "what deflateBound() promises is enough");
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

}  // namespace decode
