#include "store/call_work.hpp"

#include <exception>

namespace store {

base::Result<void> call_work(const Work& work, Connection& connection) {
  try {
    return work(connection);
  } catch (const std::exception& fault) {
    return base::error(base::Code::internal, "exception in a transaction: {}", fault.what());
  } catch (...) {
    return base::error(base::Code::internal, "exception in a transaction");
  }
}

}  // namespace store
