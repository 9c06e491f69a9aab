<?php
// SimpleSAMLphp as an identity provider, whose people and addresses are in settings.json.
$settings = json_decode(file_get_contents(__DIR__ . '/settings.json'), true);

$config = [
    'baseurlpath' => $settings['base'] . '/',
    'certdir' => __DIR__ . '/',
    'datadir' => __DIR__ . '/',
    'loggingdir' => __DIR__ . '/',
    'metadatadir' => __DIR__ . '/metadata/',
    'tempdir' => __DIR__ . '/tmp',
    'attributenamemapdir' => '/usr/share/simplesamlphp/config/attributemap/',
    'timezone' => 'UTC',
    'technicalcontact_name' => 'IT Service Desk',
    'technicalcontact_email' => 'it@acme.com',
    'auth.adminpassword' => bin2hex(random_bytes(16)),
    'secretsalt' => 'the same for every run, so that a person keeps the persistent name',
    'admin.checkforupdates' => false,
    'trusted.url.domains' => null, // after signing out people go wherever the test says
    'showerrors' => true,
    'logging.handler' => 'errorlog',
    'logging.level' => SimpleSAML\Logger::INFO,
    'enable.saml20-idp' => true,
    'module.enable' => ['core' => true, 'saml' => true, 'exampleauth' => true],
    'session.cookie.secure' => false, // plain HTTP, on the loopback only
    'session.cookie.samesite' => null,
    'session.phpsession.savepath' => __DIR__ . '/tmp',
    'language.cookie.secure' => false,
    'language.cookie.samesite' => null,
    'language.default' => 'en',
    'store.type' => 'phpsession',
    'metadata.sources' => [['type' => 'flatfile'], ['type' => 'xml', 'file' => __DIR__ . '/sp.xml']],
];
