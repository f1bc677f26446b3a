# What `cmake --install` lays down, and the Debian package. All of the first goes below the prefix, whichever is given
# at that time; the second adds what belongs into /etc and is built by
#   cpack --config build/release/CPackConfig.cmake -B build/package

set(CMAKE_INSTALL_DOCDIR share/doc/phoenix-pulse CACHE PATH "Where the documents go, below the prefix")
include(GNUInstallDirs)

set(CMAKE_INSTALL_DEFAULT_COMPONENT_NAME pulse)
set(CMAKE_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)

set(SHARE ${CMAKE_INSTALL_DATADIR}/phoenix-pulse)
install(TARGETS pulse phoenix)
install(DIRECTORY collectors DESTINATION ${SHARE} FILES_MATCHING PATTERN *.yaml)
install(FILES schema/collector.schema.json DESTINATION ${SHARE}/schema)
install(DIRECTORY deploy/etc/ DESTINATION ${SHARE}/examples)
install(FILES README.md CHANGELOG.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs DESTINATION ${CMAKE_INSTALL_DOCDIR} FILES_MATCHING PATTERN *.md)
install(FILES deploy/systemd/sysusers.conf DESTINATION lib/sysusers.d RENAME phoenix-pulse.conf)

# A unit names its program by its whole path, and only the installation knows that. What both may do is one text.
install(CODE "
  get_filename_component(prefix \"\${CMAKE_INSTALL_PREFIX}\" ABSOLUTE)
  set(BINDIR \"\${prefix}/${CMAKE_INSTALL_BINDIR}\")
  set(DOCDIR \"\${prefix}/${CMAKE_INSTALL_DOCDIR}\")
  file(READ \"${CMAKE_SOURCE_DIR}/deploy/systemd/rights.conf\" RIGHTS)
  foreach(name pulse phoenix)
    set(unit \"${CMAKE_BINARY_DIR}/generated/\${name}.service\")
    configure_file(\"${CMAKE_SOURCE_DIR}/deploy/systemd/\${name}.service.in\" \"\${unit}\" @ONLY)
    file(INSTALL \"\${unit}\" DESTINATION \"\${prefix}/lib/systemd/system\")
  endforeach()
")

# ---- only in the Debian package

set(private OWNER_READ OWNER_WRITE GROUP_READ)  # for passwords; postinst lets the service's group read them
foreach(name pulse phoenix)
  install(FILES deploy/etc/${name}/${name}.yaml deploy/etc/${name}/${name}.env DESTINATION /etc/${name}
          PERMISSIONS ${private} COMPONENT debian EXCLUDE_FROM_ALL)
endforeach()
install(DIRECTORY deploy/etc/pulse/collectors DESTINATION /etc/pulse COMPONENT debian EXCLUDE_FROM_ALL)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME copyright COMPONENT debian EXCLUDE_FROM_ALL)

set(PACKAGE_CONTACT "Phoenix Pulse <root@localhost>" CACHE STRING "Maintainer of the Debian package: Name <address>")

set(CPACK_GENERATOR DEB)
set(CPACK_SET_DESTDIR ON)  # /etc goes into the package, not to this machine
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_INSTALL_CMAKE_PROJECTS "${CMAKE_BINARY_DIR};pulse;pulse;/;${CMAKE_BINARY_DIR};pulse;debian;/")
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_NAME phoenix-pulse)
set(CPACK_PACKAGE_CONTACT ${PACKAGE_CONTACT})
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "keeps data collectors alive; a football bot that loses nothing")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"Fetches from APIs that fail, loads what they return into SQLite or PostgreSQL
without ever corrupting it, and writes down every run. A collector is a YAML
file. Runs on schedules as a service, or by hand and from cron.

With it comes phoenix, a Telegram bot that analyses football matches and
answers every request that it accepted.")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "adduser, ca-certificates, tzdata")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "postgresql, sqlite3")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(debian ${CMAKE_SOURCE_DIR}/deploy/debian)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${debian}/conffiles ${debian}/postinst ${debian}/prerm ${debian}/postrm)
include(CPack)
