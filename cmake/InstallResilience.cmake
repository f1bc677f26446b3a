# The library of src/resilience for other programs, a component of its own that no other installation contains:
#
#   ninja -C build/release resilience && cmake --install build/release --component resilience --prefix PREFIX
#
#   find_package(phoenix_pulse COMPONENTS resilience REQUIRED)         # with PREFIX in CMAKE_PREFIX_PATH
#   target_link_libraries(program PRIVATE phoenix_pulse::resilience)   # brings phoenix_pulse::base along

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(HEADERS ${CMAKE_INSTALL_INCLUDEDIR}/phoenix_pulse)
set(PACKAGE ${CMAKE_INSTALL_LIBDIR}/cmake/phoenix_pulse)

target_include_directories(base INTERFACE $<INSTALL_INTERFACE:${HEADERS}>)
target_compile_features(base INTERFACE $<INSTALL_INTERFACE:cxx_std_20>)

install(TARGETS base resilience EXPORT phoenix_pulse-resilience
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}/phoenix_pulse COMPONENT resilience EXCLUDE_FROM_ALL)
install(EXPORT phoenix_pulse-resilience NAMESPACE phoenix_pulse:: DESTINATION ${PACKAGE} COMPONENT resilience
        EXCLUDE_FROM_ALL)

# Of base, what the headers of resilience include.
install(FILES src/base/clock.hpp src/base/result.hpp src/base/rng.hpp DESTINATION ${HEADERS}/base
        COMPONENT resilience EXCLUDE_FROM_ALL)
install(DIRECTORY src/resilience/ DESTINATION ${HEADERS}/resilience COMPONENT resilience EXCLUDE_FROM_ALL
        FILES_MATCHING PATTERN *.hpp)

write_basic_package_version_file(${CMAKE_BINARY_DIR}/generated/phoenix_pulse-config-version.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES cmake/phoenix_pulse-config.cmake ${CMAKE_BINARY_DIR}/generated/phoenix_pulse-config-version.cmake
        DESTINATION ${PACKAGE} COMPONENT resilience EXCLUDE_FROM_ALL)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/phoenix_pulse-resilience
        COMPONENT resilience EXCLUDE_FROM_ALL)
