<?php
$settings = json_decode(file_get_contents(__DIR__ . '/settings.json'), true);

$config = ['admin' => ['core:AdminPassword'], 'people' => ['exampleauth:UserPass']];
foreach ($settings['people'] as $p) {
    $config['people'][$p['user'] . ':' . $p['password']] = [
        'uid' => [$p['user']],
        'employeeNumber' => [$p['id']],
        'mail' => [$p['email']],
        'givenName' => [$p['given_name']],
        'sn' => [$p['family_name']],
        'displayName' => [$p['name']],
        'isMemberOf' => $p['groups'],
    ];
}
